"""Reinforcement learning: clipped rewards and ratios, target networks."""

import tensorflow as tf


def dqn():
    """Deep Q-learning: a target network copied by assign, Huber loss, gradients clipped."""
    state = tf.placeholder(tf.float32, [None, 4], name="state")
    next_state = tf.placeholder(tf.float32, [None, 4], name="next_state")
    action = tf.placeholder(tf.int32, [None], name="action")
    reward = tf.placeholder(tf.float32, [None], name="reward")

    def q_values(x, scope):
        with tf.variable_scope(scope):
            return tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 3)

    online, target = q_values(state, "online"), q_values(next_state, "target")
    chosen = tf.reduce_sum(online * tf.one_hot(action, 3), axis=1)
    reward_clipped = tf.clip_by_value(reward, -1.0, 1.0)
    goal = tf.stop_gradient(reward_clipped + 0.99 * tf.reduce_max(target, axis=1))
    loss = tf.losses.huber_loss(goal, chosen)
    optimizer = tf.train.AdamOptimizer(1e-4)
    gradients = optimizer.compute_gradients(loss, var_list=tf.trainable_variables("online"))
    for i, (grad, var) in enumerate(gradients):
        if grad is not None:
            gradients[i] = (tf.clip_by_norm(grad, 10), var)
    optimizer.apply_gradients(gradients)
    pairs = zip(tf.trainable_variables("target"), tf.trainable_variables("online"))
    tf.group(*[t.assign(o) for t, o in pairs], name="update_target")
    tf.train.Saver()


def ppo():
    """Proximal policy optimization: clipped ratio, clipped value, clip_by_global_norm."""
    obs = tf.placeholder(tf.float32, [None, 4], name="obs")
    action = tf.placeholder(tf.int32, [None], name="action")
    advantage = tf.placeholder(tf.float32, [None], name="advantage")
    returns = tf.placeholder(tf.float32, [None], name="returns")
    old_neglogp = tf.placeholder(tf.float32, [None], name="old_neglogp")
    old_value = tf.placeholder(tf.float32, [None], name="old_value")
    clip_range = tf.placeholder(tf.float32, [], name="clip_range")
    with tf.variable_scope("model"):
        hidden = tf.layers.dense(obs, 16, tf.tanh)
        logits = tf.layers.dense(hidden, 3)
        value = tf.squeeze(tf.layers.dense(hidden, 1), 1)
    neglogp = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=action)
    value_clipped = old_value + tf.clip_by_value(value - old_value, -clip_range, clip_range)
    losses1, losses2 = tf.square(value - returns), tf.square(value_clipped - returns)
    value_loss = 0.5 * tf.reduce_mean(tf.maximum(losses1, losses2))
    ratio = tf.exp(old_neglogp - neglogp)
    clipped_ratio = tf.clip_by_value(ratio, 1.0 - clip_range, 1.0 + clip_range)
    policy_loss = tf.reduce_mean(tf.maximum(-advantage * ratio, -advantage * clipped_ratio))
    loss = policy_loss + 0.5 * value_loss
    params = tf.trainable_variables("model")
    trainer = tf.train.AdamOptimizer(learning_rate=3e-4, epsilon=1e-5)
    grads, variables = zip(*trainer.compute_gradients(loss, params))
    grads, _ = tf.clip_by_global_norm(grads, 0.5)
    trainer.apply_gradients(list(zip(grads, variables)))
    tf.train.Saver()


def ddpg():
    """An actor that follows the critic's gradient: tf.gradients with grad_ys, and soft updates."""
    state = tf.placeholder(tf.float32, [None, 3], name="state")
    goal = tf.placeholder(tf.float32, [None, 1], name="goal")

    def actor(scope):
        with tf.variable_scope(scope):
            return tf.layers.dense(tf.layers.dense(state, 8, tf.nn.relu), 2, tf.tanh)

    action, _ = actor("actor"), actor("actor_target")
    taken = tf.placeholder_with_default(action, [None, 2], name="taken")
    with tf.variable_scope("critic"):
        q = tf.layers.dense(tf.concat([state, taken], 1), 1)
    tf.train.AdamOptimizer(1e-3).minimize(
        tf.losses.mean_squared_error(goal, q), var_list=tf.trainable_variables("critic")
    )
    action_gradient = tf.placeholder(tf.float32, [None, 2], name="action_gradient")
    tf.gradients(q, taken)
    variables = tf.trainable_variables("actor/")
    gradients = tf.gradients(action, variables, -action_gradient)
    normalized = [tf.div(gradient, 64.0) for gradient in gradients]
    tf.train.AdamOptimizer(1e-4).apply_gradients(zip(normalized, variables))
    pairs = zip(tf.trainable_variables("actor_target/"), variables)
    tf.group(*[t.assign(0.001 * v + 0.999 * t) for t, v in pairs], name="soft_update")
    tf.train.Saver()


def a3c():
    """A worker's gradients, clipped, are applied to the global network's variables."""
    state = tf.placeholder(tf.float32, [None, 4], name="state")
    action = tf.placeholder(tf.int32, [None], name="action")
    target = tf.placeholder(tf.float32, [None], name="target")
    advantage = tf.placeholder(tf.float32, [None], name="advantage")

    def network(scope):
        with tf.variable_scope(scope):
            hidden = tf.layers.dense(state, 8, tf.nn.elu)
            return tf.layers.dense(hidden, 3, tf.nn.softmax), tf.layers.dense(hidden, 1)

    network("global")
    policy, value = network("worker")
    chosen = tf.reduce_sum(policy * tf.one_hot(action, 3), 1)
    value_loss = 0.5 * tf.reduce_sum(tf.square(target - tf.reshape(value, [-1])))
    entropy = -tf.reduce_sum(policy * tf.log(tf.clip_by_value(policy, 1e-20, 1.0)))
    policy_loss = -tf.reduce_sum(tf.log(chosen + 1e-20) * advantage)
    loss = 0.5 * value_loss + policy_loss - 0.01 * entropy
    local, shared = tf.trainable_variables("worker"), tf.trainable_variables("global")
    grads, _ = tf.clip_by_global_norm(tf.gradients(loss, local), 40.0)
    tf.train.RMSPropOptimizer(7e-4).apply_gradients(zip(grads, shared))
    tf.group(*[mine.assign(theirs) for mine, theirs in zip(local, shared)], name="pull")
    tf.train.Saver()
