#include <reverie/core/error.h>
#include <reverie/core/workers.h>
#include <reverie/improvers/sac.h>
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
using testing::Recorder;
using testing::relative_error;
using testing::spec_of;
using testing::wide_leaf;

SacConfig small() {
  SacConfig config;
  config.policy.hidden = {24, 17};
  config.critic.hidden = {33, 24};
  config.critic.members = 3;
  config.learning_rate = 3e-3;
  config.temperature.start = 0.3;
  return config;
}

/// SAC in plain libtorch and double precision, from its weights and with its noise.
struct Plain {
  Plain(const Sac& learner, const SacConfig& of, const TaskSpec& task, RandomStream stream)
      : config(of), spec(task), random(std::move(stream)) {
    policy = wide_leaf(learner.policy().parameters());
    critic = wide_leaf(learner.critic().weights());
    slow = wide_leaf(learner.critic().target_weights()).detach();
    log_alpha = torch::tensor(std::log(of.temperature.start), torch::kFloat64).requires_grad_();
    policy_adam = std::make_unique<torch::optim::Adam>(std::vector<Tensor>{policy},
                                                       torch::optim::AdamOptions(of.learning_rate));
    critic_adam = std::make_unique<torch::optim::Adam>(
        std::vector<Tensor>{critic}, torch::optim::AdamOptions(of.critic.learning_rate));
    alpha_adam = std::make_unique<torch::optim::Adam>(
        std::vector<Tensor>{log_alpha}, torch::optim::AdamOptions(of.temperature.learning_rate));
    shape = learner.policy().network().shape();
    critic_shape = learner.critic().shape();
  }

  /// An action and its log density, of the action in -1..1: by the change of variables.
  std::pair<Tensor, Tensor> act(const Tensor& observation) {
    const int64_t n = observation.size(0), a = spec.action_size();
    const Tensor noise = random.normal({n, a}).to(torch::kFloat64);
    const Tensor y = mlp_forward(shape, policy, observation);
    const Tensor mean = y.narrow(1, 0, a), log_std = y.narrow(1, a, a).clamp(-20, 2);
    const Tensor x = mean + log_std.exp() * noise, u = torch::tanh(x);
    const Tensor log_cosh = torch::logaddexp(x, -x) - std::log(2.0);
    const Tensor log_density =
        (-0.5 * noise.square() - log_std - 0.5 * std::log(2 * M_PI) + 2 * log_cosh).sum(1);
    return {testing::in_range(spec, u), log_density};
  }
  void update(const Transitions& batch) {
    const Tensor s = batch.observation.to(torch::kFloat64), a = batch.action.to(torch::kFloat64);
    const Tensor next = batch.next_observation.to(torch::kFloat64);
    const Tensor alpha = log_alpha.detach().exp();
    Tensor y;
    {
      const torch::NoGradGuard no_grad;
      const auto [action, log_density] = act(next);
      const Tensor value =
          std::get<0>(plain_q(critic_shape, slow, next, action).min(0)) - alpha * log_density;
      const Tensor goes_on = 1 - batch.terminated.to(torch::kFloat64);
      y = batch.reward.to(torch::kFloat64) + config.discount * goes_on * value;
    }
    loss = 0.5 * (plain_q(critic_shape, critic, s, a) - y).square().mean();
    critic_adam->zero_grad();
    (loss * critic.size(0)).backward();
    critic_adam->step();
    const auto [action, log_density] = act(s);
    policy_adam->zero_grad();
    (alpha * log_density - std::get<0>(plain_q(critic_shape, critic, s, action).min(0)))
        .mean()
        .backward();
    policy_adam->step();
    entropy = -log_density.detach().mean();
    if (config.temperature.learned) {
      const double target = config.temperature.target_entropy * static_cast<double>(a.size(1));
      alpha_adam->zero_grad();
      (-log_alpha * (log_density.detach() + target)).mean().backward();
      alpha_adam->step();
    }
    const torch::NoGradGuard no_grad;
    slow = slow + config.critic.target_rate * (critic.detach() - slow);
  }

  SacConfig config;
  TaskSpec spec;
  RandomStream random;
  MlpShape shape, critic_shape;
  Tensor policy, critic, slow, log_alpha, loss, entropy;
  std::unique_ptr<torch::optim::Adam> policy_adam, critic_adam, alpha_adam;
};

/// The learner, and the stream as it stands once the weights have been drawn.
struct Made {
  Made(const TaskSpec& spec, const SacConfig& config, torch::Device device)
      : learner(spec, config, RandomStream(1, "sac"), device), random(1, "sac") {
    const SquashedGaussianPolicy policy(spec, config.policy, random);
    const QCritic critic(spec.observation_size, spec.action_size(), config.critic, random,
                         torch::kCPU);
  }
  Sac learner;
  RandomStream random;
};

void expect_plain_steps(const SacConfig& config, torch::Device device) {
  RandomStream random(1, "sac test");
  for (const auto& [o, a, n] :
       std::vector<std::array<int64_t, 3>>{{5, 2, 7}, {17, 6, 256}, {3, 1, 97}}) {
    const TaskSpec spec = spec_of(o, a);
    Made made(spec, config, device);
    Plain plain(made.learner, config, spec, made.random);
    for (int step = 0; step < 4; ++step) {
      const Transitions batch = random_batch(spec, n, random);
      made.learner.update(batch);
      plain.update(batch);
      Recorder recorder;
      made.learner.record(recorder);
      EXPECT_NEAR(recorder.figures["critic/loss"], plain.loss.item<double>(), 1e-4);
      EXPECT_NEAR(recorder.figures["policy/entropy"], plain.entropy.item<double>(), 1e-4);
    }
    EXPECT_LT(relative_error(made.learner.policy().parameters().cpu(), plain.policy.detach()),
              1e-4);
    EXPECT_LT(relative_error(made.learner.critic().weights().cpu(), plain.critic.detach()), 1e-4);
    EXPECT_LT(relative_error(made.learner.critic().target_weights().cpu(), plain.slow), 1e-5);
    EXPECT_NEAR(std::log(made.learner.temperature()), plain.log_alpha.item<double>(), 1e-6);
  }
}

struct SacTest : testing::TorchPath {};

TEST_P(SacTest, AnUpdateIsThatOfPlainAutograd) {
  expect_plain_steps(small(), device());
  by_torch([this] { expect_plain_steps(small(), device()); });
}

TEST_P(SacTest, ATemperatureThatIsNotLearnedStays) {
  SacConfig config = small();
  config.temperature.learned = false;
  expect_plain_steps(config, device());
}

REVERIE_ON_EACH_DEVICE(SacTest);

TEST(Sac, ThreadsDoNotChangeABit) {
  SacConfig config = small();
  config.critic.hidden = {128, 128};  // enough to wake the workers for
  const auto make = [&](uint64_t seed) {
    return std::make_unique<Sac>(spec_of(5, 2), config, RandomStream(seed, "sac"), torch::kCPU);
  };
  expect_threads_change_no_bit(make, 3);
}

TEST(Sac, SavedItGoesOnToTheBit) {
  const auto make = [](uint64_t seed) {
    return std::make_unique<Sac>(spec_of(5, 2), small(), RandomStream(seed, "sac"), torch::kCPU);
  };
  expect_saved_goes_on_to_the_bit(make, 1);
}

TEST(Sac, NamesWhatIsNotFinite) {
  RandomStream random(4, "sac test");
  const TaskSpec spec = spec_of(5, 2);
  Sac learner(spec, small(), RandomStream(1, "sac"), torch::kCPU);
  Transitions batch = random_batch(spec, 64, random);
  batch.reward[3] = NAN;
  const Tensor before = learner.critic().weights().clone();
  try {
    learner.update(batch);
    FAIL();
  } catch (const NonFiniteError& error) {
    EXPECT_STREQ(error.what(), "NaN or infinity in the critic's loss");
  }
  EXPECT_TRUE(torch::equal(before, learner.critic().weights()));
}

TEST(Sac, FitsTheTargetsItIsGiven) {
  RandomStream random(5, "sac test");
  const TaskSpec spec = spec_of(3, 1);
  Sac learner(spec, small(), RandomStream(1, "sac"), torch::kCPU);
  learner.set_target([](const Transitions& batch) { return torch::full({batch.size()}, 7.0); });
  const Transitions batch = random_batch(spec, 64, random);
  for (int step = 0; step < 3000; ++step) learner.update(batch);
  EXPECT_LT((learner.critic().q(batch.observation, batch.action) - 7).abs().max().item<double>(),
            1);
}

// A draw's log density by each output, held against differences in double precision.
TEST(SquashedGaussian, GradientsAreThoseOfFiniteDifferences) {
  RandomStream random(6, "head test");
  const TaskSpec spec = spec_of(3, 4);
  const SquashedGaussianHead head(spec);
  Tensor output = 1.5 * random.normal({9, 8});
  output[0][5] = 2.5;  // beyond the limits of the deviation,
  output[1][6] = -21.0;
  output[2][0] = 9.0;  // and where tanh saturates
  const Tensor noise = random.normal({9, 4}), by_action = random.normal({9, 4});
  const double by_density = 0.7;
  const auto value = [&](const Tensor& at) {
    const Draw draw = head.act(at, noise);
    return (draw.action * by_action).sum() + by_density * draw.log_density.sum();
  };
  Tensor gradient = torch::empty({9, 8});
  head.backward(output.data_ptr<float>(), 9, noise.data_ptr<float>(), by_action.data_ptr<float>(),
                static_cast<float>(by_density), gradient.data_ptr<float>());
  const Tensor exact = output.to(torch::kFloat64);
  for (int64_t i = 0; i < 9; ++i)
    for (int64_t j = 0; j < 8; ++j) {
      const double h = 1e-5;
      Tensor up = exact.clone(), down = exact.clone();
      up[i][j] += h;
      down[i][j] -= h;
      const double difference = (value(up) - value(down)).item<double>() / (2 * h);
      EXPECT_NEAR(gradient[i][j].item<double>(), difference, 2e-5 * (1 + std::abs(difference)));
    }
  Tensor action = torch::empty({9, 4}), density = torch::empty({9});
  head.act(output.data_ptr<float>(), 9, noise.data_ptr<float>(), action.data_ptr<float>(),
           density.data_ptr<float>());
  const Draw draw = head.act(exact, noise);
  EXPECT_LT(relative_error(action, draw.action), 1e-6);
  EXPECT_LT(relative_error(density, draw.log_density), 1e-6);
}

}  // namespace
}  // namespace reverie
