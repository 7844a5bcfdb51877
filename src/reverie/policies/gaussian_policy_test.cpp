#include <reverie/core/archive.h>
#include <reverie/core/error.h>
#include <reverie/policies/test_samples.h>

#include <gtest/gtest.h>

#include <torch/script.h>
#include <fstream>

#include <filesystem>
#include <sstream>

namespace reverie {
namespace {

using namespace testing;

TEST(Gaussian, LogDensityIntegratesToOneAndHasItsMeanAndDeviation) {
  const Gaussian gaussian{torch::tensor({{0.3}}, torch::kFloat64),
                          torch::tensor({-0.4}, torch::kFloat64)};
  const double width = 1e-3;
  const Tensor x = torch::arange(-8.0, 8.0, width, torch::kFloat64).unsqueeze(1);
  const Tensor density = torch::exp(gaussian.log_prob(x)) * width;
  EXPECT_NEAR(density.sum().item<double>(), 1.0, 1e-9);
  EXPECT_NEAR((density * x.squeeze(1)).sum().item<double>(), 0.3, 1e-9);
  EXPECT_NEAR((density * (x.squeeze(1) - 0.3).square()).sum().item<double>(), std::exp(-0.8), 1e-9);
}

TEST(Gaussian, DerivativesOfLogDensityAndKlAgreeWithFiniteDifferences) {
  RandomStream random(1, "gaussian");
  const auto draw = [&](torch::IntArrayRef shape) {
    return random.normal(shape).to(torch::kFloat64);
  };
  const Gaussian p{draw({4, 3}), 0.3 * draw({3})};
  const Tensor action = draw({4, 3}), mean = draw({4, 3}), log_std = 0.3 * draw({3});
  using Function = std::function<Tensor(const Gaussian&)>;
  const Function log_density = [&](const Gaussian& q) { return q.log_prob(action).sum(); };
  const Function divergence = [&](const Gaussian& q) { return kl_divergence(p, q).sum(); };
  for (const Function& f : {log_density, divergence}) {
    const std::vector<Tensor> at{mean.clone().requires_grad_(true),
                                 log_std.clone().requires_grad_(true)};
    const auto gradients = torch::autograd::grad({f({at[0], at[1]})}, {at[0], at[1]});
    for (size_t part = 0; part < 2; ++part) {
      for (int64_t i = 0; i < at[part].numel(); ++i) {
        const auto value = [&](double change) {
          std::vector<Tensor> moved{mean.clone(), log_std.clone()};
          moved[part].view(-1)[i] += change;
          return f({moved[0], moved[1]}).item<double>();
        };
        const double slope = (value(1e-6) - value(-1e-6)) / 2e-6;
        EXPECT_NEAR(gradients[part].reshape(-1)[i].item<double>(), slope, 1e-7);
      }
    }
  }
}

TEST(Gaussian, KlIsTheMeanLogRatioAndZeroForTheSame) {
  RandomStream random(2, "kl");
  const Gaussian p{torch::tensor({{0.2f, -0.5f}}), torch::tensor({-0.3f, 0.1f})};
  const Gaussian q{torch::tensor({{0.0f, 0.1f}}), torch::tensor({0.2f, -0.2f})};
  const Gaussian many{p.mean.expand({400000, 2}), p.log_std};
  const Tensor action = many.sample(random);
  const double sampled = (p.log_prob(action) - q.log_prob(action)).mean().item<double>();
  EXPECT_NEAR(kl_divergence(p, q).item<double>(), sampled, 5e-3);
  EXPECT_EQ(kl_divergence(p, p).item<double>(), 0.0);
}

TEST(GaussianPolicy, ParametersPerTaskEqualEachTaskAlone) {
  RandomStream random(3, "policy");
  const GaussianPolicy policy = random_policy({9, 4}, 5, 3, random);
  const Tensor parameters =
      policy.parameters() + 0.1 * random.normal({2, policy.parameter_count()});
  const Tensor observation = random.normal({2, 11, 5});
  const Gaussian both = policy.distribution(parameters, observation);
  EXPECT_EQ(both.mean.sizes(), (torch::IntArrayRef{2, 11, 3}));
  EXPECT_EQ(both.log_std.sizes(), (torch::IntArrayRef{2, 1, 3}));
  for (int64_t task = 0; task < 2; ++task) {
    const Gaussian one = policy.distribution(parameters[task], observation[task]);
    EXPECT_LT((both.mean[task] - one.mean).abs().max().item<double>(), 1e-6);
    EXPECT_TRUE(torch::equal(both.log_std[task][0], one.log_std));
  }
}

TEST(GaussianPolicy, PlainPathEqualsLibtorch) {
  RandomStream random(9, "policy");
  const GaussianPolicy policy = random_policy({9, 4}, 5, 3, random);
  const Tensor shared = policy.parameters();
  const Tensor separate = shared + 0.1 * random.normal({2, policy.parameter_count()});
  for (const int64_t rows : {1, 10, 600}) {
    for (const Tensor& parameters : {shared, separate}) {
      const Tensor observation = random.normal({2, rows, 5});
      const Tensor plain = policy.distribution(parameters, observation).mean;
      const Tensor twin =
          policy.distribution(parameters.clone().requires_grad_(true), observation).mean;
      EXPECT_TRUE(twin.requires_grad());
      EXPECT_LT((plain - twin).abs().max().item<double>(), 1e-5);
    }
  }
}

TEST(GaussianPolicy, StartsWithTheDeviationAskedForAndFloorsIt) {
  RandomStream random(4, "policy");
  PolicyConfig config;
  config.init_std = 0.5;
  GaussianPolicy policy(3, 2, config, random);
  const Tensor observation = torch::zeros({1, 3});
  EXPECT_NEAR(torch::exp(policy.distribution(observation).log_std)[0].item<double>(), 0.5, 1e-6);
  EXPECT_EQ(policy.distribution(observation).mean.abs().max().item<double>(), 0.0);  // zero biases
  config.min_std = 0.8;
  GaussianPolicy floored(3, 2, config, random);
  EXPECT_NEAR(torch::exp(floored.distribution(observation).log_std)[0].item<double>(), 0.8, 1e-6);
}

// RLlib's normc_initializer: the weights into each unit have a norm of 1, of the last layer's of
// `output_scale`, in directions drawn evenly.
TEST(GaussianPolicy, NormcGivesEveryUnitWeightsOfOneNorm) {
  RandomStream random(14, "policy");
  PolicyConfig config;
  config.hidden = {400};
  config.init = WeightInit::normc;
  config.output_scale = 0.01;
  const GaussianPolicy policy(5, 2, config, random);
  const Tensor hidden = policy.parameters().slice(0, 0, 2000).view({400, 5});
  const Tensor last = policy.parameters().slice(0, 2400, 3200).view({2, 400});
  EXPECT_LT((hidden.norm(2, 1) - 1).abs().max().item<double>(), 1e-6);
  EXPECT_LT((last.norm(2, 1) - 0.01).abs().max().item<double>(), 1e-8);
  EXPECT_LT(hidden.mean(0).abs().max().item<double>(), 5 * std::sqrt(0.2 / 400));
  EXPECT_LT((hidden.square().mean(0) - 0.2).abs().max().item<double>(), 0.05);
  EXPECT_EQ(policy.parameters().slice(0, 2000, 2400).abs().max().item<double>(), 0.0);
}

TEST(GaussianPolicy, RefusesBadParametersAndStaysAsItWas) {
  RandomStream random(5, "policy");
  GaussianPolicy policy = random_policy({4}, 3, 2, random);
  const Tensor before = policy.parameters().clone();
  Tensor bad = before.clone();
  bad[3] = NAN;
  EXPECT_THROW(policy.set_parameters(bad), NonFiniteError);
  EXPECT_THROW(policy.set_parameters(torch::zeros({3})), std::invalid_argument);
  EXPECT_TRUE(torch::equal(policy.parameters(), before));
}

TEST(GaussianPolicy, AbsorbsTheNormalisationOfItsInput) {
  RandomStream random(6, "policy");
  GaussianPolicy policy = random_policy({8, 8}, 4, 2, random);
  const Tensor mean = random.normal({4}), std = torch::exp(random.normal({4}));
  const Tensor observation = random.normal({20, 4});
  const Tensor expected = policy.distribution((observation - mean) / std).mean;
  policy.absorb_input_normalisation(mean, std);
  EXPECT_LT(relative_error(policy.distribution(observation).mean, expected), 1e-5);
}

TEST(GaussianPolicy, ExportsToTorchScript) {
  RandomStream random(7, "policy");
  const GaussianPolicy policy = random_policy({8, 5}, 4, 2, random);
  const auto path = std::filesystem::temp_directory_path() /
                    fmt::format("reverie-policy-{}.pt", static_cast<const void*>(&policy));
  constexpr double wide = 1e6;
  const TaskSpec task{.name = "a task", .action_low = {-wide, -wide}, .action_high = {wide, wide}};
  std::ofstream(path, std::ios::binary) << policy.torchscript(task);
  torch::jit::Module module = torch::jit::load(path);
  std::filesystem::remove(path);
  const Tensor observation = random.normal({6, 4});
  const Tensor mean = module.forward({observation}).toTensor();
  EXPECT_LT(relative_error(mean, policy.distribution(observation).mean), 1e-6);
  // NumPy's numbers are doubles: the policy takes them as well.
  const Tensor from_doubles = module.forward({observation.to(torch::kFloat64)}).toTensor();
  EXPECT_TRUE(torch::equal(from_doubles, mean));
  const Tensor many = observation[0].expand({20000, 4});
  const Tensor sampled = module.get_method("sample")({many}).toTensor();
  EXPECT_LT(
      (sampled.std(0) - torch::exp(policy.distribution(many).log_std)).abs().max().item<double>(),
      0.03);
}

TEST(GaussianPolicy, IsExportedInTheActuatorsUnitsAndWithinTheirRange) {
  RandomStream random(9, "policy");
  const GaussianPolicy policy = random_policy({8, 5}, 4, 2, random);
  TaskSpec task{.name = "a task", .action_low = {-1, -1}, .action_high = {1, 1}};
  task.actuator_low = {-150, 4};
  task.actuator_high = {150, 6};
  std::istringstream bytes(policy.torchscript(task));
  torch::jit::Module module = torch::jit::load(bytes);
  EXPECT_TRUE(torch::equal(module.attr("action_low").toTensor(), torch::tensor({-150.0f, 4.0f})));
  EXPECT_TRUE(torch::equal(module.attr("action_high").toTensor(), torch::tensor({150.0f, 6.0f})));
  const Tensor observation = 3 * random.normal({200, 4});
  const Tensor asked = policy.distribution(observation).mean;
  EXPECT_GT((asked.abs() > 1).sum().item<int64_t>(), 10) << "some lie outside";
  const Tensor inside = asked.clamp(-1, 1);
  const Tensor expected = torch::stack({150 * inside.select(1, 0), 5 + inside.select(1, 1)}, 1);
  const Tensor mean = module.forward({observation}).toTensor();
  EXPECT_LT(((mean - expected) / torch::tensor({150.0f, 1.0f})).abs().max().item<float>(), 1e-6);
  const Tensor sampled = module.get_method("sample")({observation}).toTensor();
  EXPECT_GE(sampled.select(1, 1).min().item<float>(), 4);
  EXPECT_LE(sampled.select(1, 1).max().item<float>(), 6);
  EXPECT_EQ(sampled.select(1, 0).max().item<float>(), 150);
}

TEST(GaussianPolicy, OutputScaleShrinksTheFirstMeanActions) {
  PolicyConfig config;
  RandomStream one(4, "policy"), other(4, "policy");
  const GaussianPolicy wide(5, 3, config, one);
  config.output_scale = 0.01;
  const GaussianPolicy narrow(5, 3, config, other);
  const Tensor observation = RandomStream(5, "observation").normal({50, 5});
  const Tensor mean = narrow.distribution(narrow.parameters(), observation).mean;
  EXPECT_TRUE(torch::allclose(mean, 0.01 * wide.distribution(wide.parameters(), observation).mean,
                              1e-4, 1e-7));
  EXPECT_GT(mean.abs().max().item<double>(), 0.0);
}

}  // namespace
}  // namespace reverie
