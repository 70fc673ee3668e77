"""PyTorch on a resident tensor: eager, or (--compile) with torch.compile."""

import common
import torch
from torch import nn
from torch.nn import functional


def make_model(preset):
    """The network; momentum in PyTorch weighs the batch, in TensorFlow the moving average."""
    modules, n, side = [], common.N_INPUTS, common.SIDE

    def add(layer, norm, units):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        modules.append(layer)
        if preset.batch_norm:
            modules.append(norm(units, common.EPSILON, 1 - common.MOMENTUM))

    def activation():
        return nn.ELU() if preset.activation == "elu" else nn.ReLU()

    if preset.conv_filters:
        modules.append(nn.Unflatten(1, (1, side, side)))
        n = 1
    for filters in preset.conv_filters:
        add(nn.Conv2d(n, filters, 3, padding=1), nn.BatchNorm2d, filters)
        modules.extend([activation(), nn.MaxPool2d(2)])
        n, side = filters, side // 2
    if preset.conv_filters:
        modules.append(nn.Flatten())
        n = n * side * side
    for units in preset.hidden_units:
        add(nn.Linear(n, units), nn.BatchNorm1d, units)
        modules.append(activation())
        n = units
    add(nn.Linear(n, common.N_OUTPUTS), nn.BatchNorm1d, common.N_OUTPUTS)
    return nn.Sequential(*modules)


def make_step(model, preset, compiled):
    """A step on a mini-batch, its update fused if compiled, and the learning rate's decay."""
    optimizer = torch.optim.SGD(model.parameters(), common.LEARNING_RATE, fused=compiled)
    decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, preset.decay)

    def loss(inputs, labels):
        return functional.cross_entropy(model(inputs), labels, reduction=preset.loss_reduction)

    if compiled:  # the update is one fused kernel already
        loss = torch.compile(loss)

    def step(inputs, labels):
        optimizer.zero_grad()
        loss(inputs, labels).backward()
        if preset.clip_value is not None:
            nn.utils.clip_grad_value_(model.parameters(), preset.clip_value)
        optimizer.step()

    return step, decay.step


def main():
    args = common.parse_args(compile="torch.compile")
    preset, splits = common.PRESETS[args.preset], common.load(args.data)
    torch.manual_seed(common.SEED)
    model = make_model(preset)
    step, decay = make_step(model, preset, args.compile)
    images = torch.from_numpy(common.scaled(splits.train.images))
    labels = torch.from_numpy(splits.train.labels).long()

    def train_epoch(batches):
        model.train()
        for batch in torch.from_numpy(batches):
            step(images[batch], labels[batch])
        decay()

    def accuracy(dataset):
        model.eval()
        with torch.inference_mode():
            logits = model(torch.from_numpy(common.scaled(dataset.images)))
        return common.hit_rate(logits, dataset.labels)

    results = common.run_epochs(splits, args.epochs, train_epoch, accuracy)
    common.report(results, torch=torch.__version__)


if __name__ == "__main__":
    main()
