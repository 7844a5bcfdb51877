#include <reverie/core/workers.h>
#include <reverie/improvers/td3.h>
#include <reverie/improvers/test_actor_critic.h>
#include <reverie/nn/kernels/test_torch_path.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>
#include <torch/optim.h>

namespace reverie {
namespace {

using testing::bytes_of;
using testing::expect_saved_goes_on_to_the_bit;
using testing::expect_threads_change_no_bit;
using testing::plain_q;
using testing::random_batch;
using testing::relative_error;
using testing::spec_of;
using testing::wide_leaf;

Td3Config small() {
  Td3Config config;
  config.policy.hidden = {24, 64};
  config.critic.hidden = {64, 24};
  config.learning_rate = 3e-3;
  config.smoothing = 0.4;
  return config;
}
Td3Config ddpg() {
  Td3Config config = small();
  config.critic.members = 1;
  config.smoothing = 0;
  config.policy_delay = 1;
  return config;
}

/// TD3 in plain libtorch and double precision, from its weights and with its noise.
struct Plain {
  Plain(const Td3& learner, const Td3Config& of, const TaskSpec& task, RandomStream stream)
      : config(of),
        spec(task),
        random(std::move(stream)),
        shape(learner.policy().network().shape()),
        critic_shape(learner.critic().shape()),
        policy(wide_leaf(learner.policy().parameters())),
        critic(wide_leaf(learner.critic().weights())),
        slow_policy(policy.detach().clone()),
        slow(critic.detach().clone()),
        policy_adam({policy}, torch::optim::AdamOptions(of.learning_rate)),
        critic_adam({critic}, torch::optim::AdamOptions(of.critic.learning_rate)) {}

  void update(const Transitions& batch) {
    const Tensor s = batch.observation.to(torch::kFloat64), a = batch.action.to(torch::kFloat64);
    const Tensor next = batch.next_observation.to(torch::kFloat64);
    Tensor y;
    {
      const torch::NoGradGuard no_grad;
      Tensor u = torch::tanh(mlp_forward(shape, slow_policy, next));
      if (config.smoothing > 0) {
        const Tensor noise = config.smoothing * random.normal(u.sizes()).to(torch::kFloat64);
        u = (u + noise.clamp(-config.smoothing_limit, config.smoothing_limit)).clamp(-1, 1);
      }
      const Tensor value =
          std::get<0>(plain_q(critic_shape, slow, next, testing::in_range(spec, u)).min(0));
      y = batch.reward.to(torch::kFloat64) +
          config.discount * (1 - batch.terminated.to(torch::kFloat64)) * value;
    }
    critic_adam.zero_grad();
    (plain_q(critic_shape, critic, s, a) - y).square().mean(1).mul(0.5).sum().backward();
    critic_adam.step();
    if (++updates % config.policy_delay != 0) return;
    policy_adam.zero_grad();
    const Tensor action = testing::in_range(spec, torch::tanh(mlp_forward(shape, policy, s)));
    (-plain_q(critic_shape, critic, s, action)[0].mean()).backward();
    policy_adam.step();
    const torch::NoGradGuard no_grad;
    slow.lerp_(critic.detach(), config.critic.target_rate);
    slow_policy.lerp_(policy.detach(), config.critic.target_rate);
  }

  Td3Config config;
  TaskSpec spec;
  RandomStream random;
  MlpShape shape, critic_shape;
  Tensor policy, critic, slow_policy, slow;
  torch::optim::Adam policy_adam, critic_adam;
  int64_t updates = 0;
};

void expect_plain_steps(const Td3Config& config, torch::Device device) {
  RandomStream random(1, "td3 test");
  for (const auto& [o, a, n] :
       std::vector<std::array<int64_t, 3>>{{5, 2, 7}, {17, 6, 256}, {3, 1, 97}}) {
    const TaskSpec spec = spec_of(o, a);
    Td3 learner(spec, config, RandomStream(1, "td3"), device);
    // The stream as it stands once the weights have been drawn.
    RandomStream stream(1, "td3");
    const DeterministicPolicy policy(spec, config.policy, config.exploration, stream);
    const QCritic critic(o, a, config.critic, stream, torch::kCPU);
    Plain plain(learner, config, spec, stream);
    for (int step = 0; step < 5; ++step) {
      const Transitions batch = random_batch(spec, n, random);
      learner.update(batch);
      plain.update(batch);
    }
    EXPECT_LT(relative_error(learner.policy().parameters().cpu(), plain.policy.detach()), 1e-4);
    EXPECT_LT(relative_error(learner.critic().weights().cpu(), plain.critic.detach()), 1e-4);
    EXPECT_LT(relative_error(learner.critic().target_weights().cpu(), plain.slow), 1e-5);
    EXPECT_LT(relative_error(learner.target_policy().cpu(), plain.slow_policy), 1e-5);
  }
}

struct Td3Test : testing::TorchPath {};

TEST_P(Td3Test, AnUpdateIsThatOfPlainAutograd) {
  for (const Td3Config& config : {small(), ddpg()}) {
    expect_plain_steps(config, device());
    by_torch([&] { expect_plain_steps(config, device()); });
  }
}

REVERIE_ON_EACH_DEVICE(Td3Test);

TEST(Td3, ThreadsDoNotChangeABit) {
  Td3Config config = small();
  config.critic.hidden = {128, 128};  // enough to wake the workers for
  const auto make = [&](uint64_t seed) {
    return std::make_unique<Td3>(spec_of(5, 2), config, RandomStream(seed, "td3"), torch::kCPU);
  };
  expect_threads_change_no_bit(make, 4);
}

TEST(Td3, SavedItGoesOnToTheBit) {
  const auto make = [](uint64_t seed) {
    return std::make_unique<Td3>(spec_of(5, 2), small(), RandomStream(seed, "td3"), torch::kCPU);
  };
  expect_saved_goes_on_to_the_bit(make, 1);
}

}  // namespace
}  // namespace reverie
