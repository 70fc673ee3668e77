"""PyTorch on a resident tensor: eager, or (--compile) with torch.compile."""

import common
import torch
from torch import nn
from torch.nn import functional


def make_model(preset):
    """The network; momentum in PyTorch weighs the batch, in TensorFlow the moving average."""
    modules = []
    for i, (n_inputs, units) in enumerate(zip(common.LAYERS, common.LAYERS[1:])):
        dense = nn.Linear(n_inputs, units)
        nn.init.xavier_uniform_(dense.weight)
        nn.init.zeros_(dense.bias)
        modules.append(dense)
        if preset.batch_norm:
            modules.append(nn.BatchNorm1d(units, common.EPSILON, 1 - common.MOMENTUM))
        if i < len(common.LAYERS) - 2:
            modules.append(nn.ELU() if preset.activation == "elu" else nn.ReLU())
    return nn.Sequential(*modules)


def make_step(model, preset, compiled):
    """One step on a mini-batch; forward and backward are compiled, the update is fused."""
    optimizer = torch.optim.SGD(model.parameters(), common.LEARNING_RATE, fused=compiled)

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

    return step


def main():
    args = common.parse_args(compile="torch.compile")
    preset, splits = common.PRESETS[args.preset], common.load(args.data)
    torch.manual_seed(common.SEED)
    model = make_model(preset)
    step = make_step(model, preset, args.compile)
    images = torch.from_numpy(common.scaled(splits.train.images))
    labels = torch.from_numpy(splits.train.labels).long()

    def train_epoch(batches):
        model.train()
        for batch in torch.from_numpy(batches):
            step(images[batch], labels[batch])

    def accuracy(dataset):
        model.eval()
        with torch.inference_mode():
            logits = model(torch.from_numpy(common.scaled(dataset.images)))
        return common.hit_rate(logits, dataset.labels)

    results = common.run_epochs(splits, args.epochs, train_epoch, accuracy)
    common.report(results, torch=torch.__version__)


if __name__ == "__main__":
    main()
