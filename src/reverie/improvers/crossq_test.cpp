#include <reverie/core/error.h>
#include <reverie/improvers/crossq.h>
#include <reverie/improvers/test_actor_critic.h>
#include <reverie/nn/kernels/test_torch_path.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>
#include <torch/optim.h>

namespace reverie {
namespace {

using testing::bytes_of;
using testing::expect_saved_goes_on_to_the_bit;
using testing::random_batch;
using testing::relative_error;
using testing::spec_of;
using testing::wide_leaf;

CrossQConfig small(int64_t warm_up) {
  CrossQConfig config;
  config.policy.hidden = {24, 64};
  config.hidden = {64, 24};
  config.temperature.start = 0.3;
  config.policy_delay = 2;
  config.warm_up = warm_up;
  return config;
}

/// Renormalised networks by libtorch's batch norm in double precision, one at a time.
struct PlainNetworks {
  PlainNetworks(const MlpShape& of, const Tensor& start, int64_t warm)
      : shape(of), parameters(wide_leaf(start)), warm_up(warm) {
    for (int64_t l = 0; l < shape.layers(); ++l) {
      mean.push_back(torch::zeros({parameters.size(0), shape.sizes[l]}, torch::kFloat64));
      variance.push_back(torch::ones_like(mean.back()));
    }
  }

  Tensor forward(const Tensor& x, bool train) {
    if (train) ++passes;
    std::vector<Tensor> outputs;
    for (int64_t k = 0; k < parameters.size(0); ++k) outputs.push_back(network(k, x, train));
    return torch::stack(outputs);
  }
  Tensor network(int64_t k, Tensor h, bool train) {
    int64_t at = 0;
    const auto take = [&](int64_t count) {
      at += count;
      return parameters[k].narrow(0, at - count, count);
    };
    for (int64_t l = 0; l < shape.layers(); ++l) {
      const int64_t in = shape.sizes[l], out = shape.sizes[l + 1];
      if (l > 0) h = torch::relu(h);
      h = normalised(h, mean[l][k], variance[l][k], train);
      const Tensor scale = take(in), shift = take(in);
      h = h * scale + shift;
      const Tensor weight = take(in * out).view({in, out});
      h = torch::mm(h, weight) + take(out);
    }
    return h;
  }
  Tensor normalised(const Tensor& x, Tensor running_mean, Tensor running_variance,
                    bool train) const {
    const double epsilon = 1e-3;
    if (!train) return (x - running_mean) / (running_variance + epsilon).sqrt();
    Tensor y = torch::batch_norm(x, {}, {}, {}, {}, /*training=*/true, 0, epsilon, false);
    const Tensor now = x.detach().mean(0), spread = x.detach().var(0, /*unbiased=*/false);
    if (passes > warm_up) {
      const Tensor running = (running_variance + epsilon).sqrt();
      y = y * ((spread + epsilon).sqrt() / running).clamp(1 / 3.0, 3) +
          ((now - running_mean) / running).clamp(-5, 5);
    }
    running_mean.mul_(0.99).add_(now, 0.01);
    running_variance.mul_(0.99).add_(spread, 0.01);
    return y;
  }

  MlpShape shape;
  Tensor parameters;
  int64_t warm_up, passes = 0;
  std::vector<Tensor> mean, variance;
};

/// The same draws from the learner's stream: its networks', then its own.
struct Start {
  Start(const TaskSpec& spec, const CrossQConfig& config)
      : random(1, "crossq"),
        policy_shape(SquashedGaussianPolicy(spec, config.policy, random).network().shape()),
        policy(1, policy_shape, config.warm_up, random, 1, torch::kCPU),
        critics(2, critic_shape(spec, config), config.warm_up, random, 1, torch::kCPU) {}
  static MlpShape critic_shape(const TaskSpec& spec, const CrossQConfig& config) {
    return {{spec.observation_size + spec.action_size(), config.hidden[0], config.hidden[1], 1}};
  }
  RandomStream random;
  MlpShape policy_shape;
  RenormedMlps policy, critics;
};

struct Plain {
  Plain(const TaskSpec& task, const CrossQConfig& of, const Start& start)
      : config(of),
        spec(task),
        random(start.random),
        policy(start.policy.shape(), start.policy.parameters(), of.warm_up),
        critics(start.critics.shape(), start.critics.parameters(), of.warm_up),
        log_alpha(wide_leaf(torch::tensor(std::log(of.temperature.start), torch::kFloat64))),
        policy_adam({policy.parameters}, options(of.learning_rate, of.beta1)),
        critic_adam({critics.parameters}, options(of.learning_rate, of.beta1)),
        alpha_adam({log_alpha}, options(of.temperature.learning_rate, 0.9)) {}
  static torch::optim::AdamOptions options(double rate, double beta1) {
    return torch::optim::AdamOptions(rate).betas({beta1, 0.999});
  }

  Draw act(const Tensor& y) {
    const int64_t a = spec.action_size();
    const Tensor noise = random.normal({y.size(0), a}).to(torch::kFloat64);
    const Tensor log_std = y.narrow(1, a, a).clamp(-20, 2);
    const Tensor x = y.narrow(1, 0, a) + log_std.exp() * noise;
    const Tensor log_cosh = torch::logaddexp(x, -x) - std::log(2.0);
    return {testing::in_range(spec, torch::tanh(x)),
            (-0.5 * noise.square() - log_std - 0.5 * std::log(2 * M_PI) + 2 * log_cosh).sum(1)};
  }
  void update(const Transitions& batch) {
    const Tensor s = batch.observation.to(torch::kFloat64), a = batch.action.to(torch::kFloat64);
    const Tensor next = batch.next_observation.to(torch::kFloat64);
    const Tensor alpha = log_alpha.detach().exp();
    const Draw there = act(policy.forward(next, false)[0].detach());
    const Tensor both = torch::cat({torch::cat({s, a}, 1), torch::cat({next, there.action}, 1)});
    const auto q = critics.forward(both, true).squeeze(2).chunk(2, 1);
    const Tensor beyond = std::get<0>(q[1].detach().min(0)) - alpha * there.log_density;
    const Tensor y = batch.reward.to(torch::kFloat64) +
                     config.discount * (1 - batch.terminated.to(torch::kFloat64)) * beyond;
    critic_adam.zero_grad();
    (q[0] - y).square().mean(1).mul(0.5).sum().backward();
    critic_adam.step();
    if (++updates % config.policy_delay != 0) return;
    const Draw here = act(policy.forward(s, true)[0]);
    const Tensor value = critics.forward(torch::cat({s, here.action}, 1), false).squeeze(2);
    policy_adam.zero_grad();
    (alpha * here.log_density - std::get<0>(value.min(0))).mean().backward();
    policy_adam.step();
    alpha_adam.zero_grad();
    const double target = config.temperature.target_entropy * static_cast<double>(a.size(1));
    (-log_alpha * (here.log_density.detach() + target)).mean().backward();
    alpha_adam.step();
  }

  CrossQConfig config;
  TaskSpec spec;
  RandomStream random;
  PlainNetworks policy, critics;
  Tensor log_alpha;
  torch::optim::Adam policy_adam, critic_adam, alpha_adam;
  int64_t updates = 0;
};

struct CrossQTest : testing::TorchPath {};

TEST_P(CrossQTest, AnUpdateIsThatOfPlainAutograd) {
  for (const int64_t warm_up : {100, 2}) {
    const CrossQConfig config = small(warm_up);
    const TaskSpec spec = spec_of(5, 2);
    CrossQ learner(spec, config, RandomStream(1, "crossq"), device());
    const Start start(spec, config);
    Plain plain(spec, config, start);
    RandomStream random(1, "crossq test");
    // Ends with a step of the policy, after which all that acts is up to date.
    for (int step = 0; step < 6; ++step) {
      const Transitions batch = random_batch(spec, 97, random);
      learner.update(batch);
      plain.update(batch);
    }
    const Tensor s = random.normal({30, 5}), a = random.uniform({30, 2}, -1, 2);
    const Tensor wide = s.to(torch::kFloat64);
    const Tensor y = plain.policy.forward(wide, false)[0].detach();
    const auto& policy = learner.policy();
    EXPECT_LT(relative_error(policy.network().forward(policy.parameters().cpu(), s), y), 1e-4);
    const Tensor q =
        plain.critics.forward(torch::cat({wide, a.to(torch::kFloat64)}, 1), false).squeeze(2);
    EXPECT_LT(relative_error(learner.critic().q(s.to(device()), a.to(device())).cpu(), q.detach()),
              1e-4);
    EXPECT_NEAR(std::log(learner.temperature()), plain.log_alpha.item<double>(), 1e-6);
  }
}

REVERIE_ON_EACH_DEVICE(CrossQTest);

TEST(CrossQ, SavedItGoesOnToTheBit) {
  const auto make = [](uint64_t seed) {
    return std::make_unique<CrossQ>(spec_of(5, 2), small(2), RandomStream(seed, "crossq"),
                                    torch::kCPU);
  };
  expect_saved_goes_on_to_the_bit(make, 3);
}

TEST(CrossQ, RefusesOtherTargets) {
  CrossQ learner(spec_of(5, 2), small(2), RandomStream(1, "crossq"), torch::kCPU);
  EXPECT_THROW(learner.set_target([](const Transitions& batch) { return batch.reward; }),
               UsageError);
}

}  // namespace
}  // namespace reverie
