#include <reverie/bench/kernel_benchmark.h>
#include <reverie/bench/timing.h>
#include <reverie/bench/workloads.h>
#include <reverie/core/workers.h>
#include <reverie/imagination/imagine.h>
#include <reverie/improvers/sac.h>
#include <reverie/models/fit.h>
#include <reverie/models/objectives/registry.h>
#include <reverie/nn/kernels/choice.h>
#include <reverie/nn/kernels/small_gemm.h>
#include <reverie/policies/policy_calculus_torch.h>

#include <torch/optim.h>

#include <chrono>

namespace reverie::benchmark {
namespace {

/// Libtorch's own threads while it lives; ours keep libtorch to one.
class TorchThreads {
 public:
  TorchThreads() { torch::set_num_threads(worker_count()); }
  ~TorchThreads() { torch::set_num_threads(1); }
};

/// oneDNN's product of 1024^3 on every worker at once, several each.
class PeakProduct {
 public:
  static constexpr int64_t n = 1024, repeats = 6;
  PeakProduct() : a_(n * n, 0.5f), b_(n * n, 0.25f), c_(worker_count()) {
    for (auto& result : c_) result.resize(n * n);
  }
  double flop() const { return 2.0 * n * n * n * repeats * worker_count(); }
  void operator()() {
    parallel_for(worker_count(), [&](int64_t i) {
      for (int64_t repeat = 0; repeat < repeats; ++repeat)
        small_gemm(Op::plain, Op::plain, n, n, n, a_.data(), b_.data(), 0.0f, c_[i].data());
    });
  }

 private:
  std::vector<float> a_, b_;
  std::vector<std::vector<float>> c_;
};

/// `rows` imagined rollouts of each of `tasks` policies, as `imagine` makes them.
Kernel imagination(const std::string& name, const ModelConfig& config, int64_t tasks, int64_t rows,
                   int64_t horizon, Members which) {
  struct State {
    DynamicsModel model;
    GaussianPolicy policy = make_policy();
    std::shared_ptr<const Task> task = benchmark::task().make_task(EnvConfig{});
    Tensor starts = {}, parameters = {};
    RandomStream random{1, "benchmark/imagine"};
  };
  auto state = std::make_shared<State>(State{make_model(config)});
  const int64_t o = state->policy.observation_size(), a = state->policy.action_size();
  state->starts = 0.1 * state->random.normal({tasks, rows, o});
  state->parameters = state->policy.parameters().expand({tasks, -1}).contiguous();
  ImagineOptions options;
  options.horizon = horizon;
  options.members = which;
  const auto& shape = state->model.ensemble().shape();
  Kernel kernel;
  kernel.name = name;
  kernel.steps = static_cast<double>(tasks * rows * horizon);
  kernel.flop = kernel.steps * (forward_flop(shape.sizes) + forward_flop(state->policy.sizes()));
  kernel.run = [=] {
    imagine(*state->task, state->model, state->policy, state->parameters, state->starts,
            state->starts.flatten(0, 1), options, state->random);
  };
  // One step of the same rows through the twins, the rows dealt evenly to the members.
  kernel.torch = [=] {
    const torch::NoGradGuard no_grad;
    const kernels::ForceTorch force;
    const int64_t members = config.members, each = tasks * rows / members;
    auto observation = state->starts.view({-1, o}).narrow(0, 0, members * each);
    for (int64_t t = 0; t < horizon; ++t) {
      const auto action =
          state->policy.distribution(state->policy.parameters(), observation).sample(state->random);
      const auto input = state->model.inputs(observation, action).view({members, each, o + a});
      const auto said = state->model.heads(state->model.ensemble().forward(input));
      auto change = said.mean;
      if (said.log_variance.defined())
        change = drawn(said, state->random.normal(change.sizes()),
                       state->random.uniform(change.sizes(), 0, 1));
      observation = (observation + 0.01 * change.flatten(0, 1).narrow(1, 0, o)).clamp(-10, 10);
    }
  };
  return kernel;
}

/// Passes of `fit` over rows enough for some minibatches each.
Kernel fitting(const std::string& name, const ModelConfig& config, int64_t batch,
               Precision precision) {
  constexpr int64_t batches = 8, epochs = 4;
  struct State {
    DynamicsModel model;
    Transitions data;
    std::unique_ptr<Objective> objective = make_objective({}, {}, {}, torch::kCPU);
    FitConfig fit = {};
    Monitor monitor = {};
    RandomStream random{1, "benchmark/fit"};
  };
  auto state =
      std::make_shared<State>(State{make_model(config), random_transitions(batch * batches)});
  state->fit.batch = batch;
  state->fit.holdout = 0;
  state->fit.precision = precision;
  const auto& shape = state->model.ensemble().shape();
  Kernel kernel;
  kernel.name = name;
  kernel.steps = static_cast<double>(config.members * batch * batches * epochs);
  kernel.flop = kernel.steps * training_flop(shape.sizes);
  kernel.run = [=] {
    fit(state->model, state->data, *state->objective, state->fit, epochs, state->random,
        state->monitor);
  };
  // All members at once, autograd and libtorch's Adam.
  auto effective = state->model.ensemble().effective().clone().requires_grad_();
  auto adam = std::make_shared<torch::optim::Adam>(std::vector<Tensor>{effective});
  kernel.torch = [=] {
    const auto inputs = state->model.inputs(state->data.observation, state->data.action);
    const auto targets = state->model.targets(state->data);
    for (int64_t i = 0; i < batches * epochs; ++i) {
      const auto rows = torch::randint(inputs.size(0), {config.members * batch}, torch::kInt64);
      const auto x = inputs.index_select(0, rows).view({config.members, batch, -1});
      const auto y = targets.index_select(0, rows).view({config.members, batch, -1});
      const auto raw = state->model.ensemble().forward(effective, x);
      adam->zero_grad();
      state->objective->loss(state->model.heads(raw), y, rows).backward();
      adam->step();
    }
  };
  return kernel;
}

/// The gradient of a Gaussian policy's surrogate, or its Fisher product.
Kernel policy_calculus(const std::string& name, int64_t rows, bool fisher) {
  struct State {
    GaussianPolicy policy = make_policy();
    PolicyBatch batch;
    OldPolicy old;
    Tensor v;
  };
  auto state = std::make_shared<State>();
  state->batch = random_batch(state->policy, rows);
  state->old = calculus::evaluate(state->policy, state->policy.parameters(), state->batch);
  state->v = RandomStream(1, "benchmark/v").normal({state->policy.parameter_count()});
  const auto& sizes = state->policy.sizes();
  Kernel kernel;
  kernel.name = name;
  kernel.steps = static_cast<double>(rows);
  // The product: forward, its tangent (two products a layer, but for the first), backward.
  const double tangent = 2 * forward_flop(sizes) - 2.0 * static_cast<double>(sizes[0] * sizes[1]);
  kernel.flop = kernel.steps * (training_flop(sizes) + (fisher ? tangent : 0));
  if (fisher) {
    kernel.run = [=] {
      calculus::fisher_product(state->policy, state->policy.parameters(), state->batch, state->v);
    };
    kernel.torch = [=] {
      calculus::autograd::fisher_product(state->policy, state->policy.parameters(), state->batch,
                                         state->v);
    };
  } else {
    kernel.run = [=] {
      calculus::surrogate_gradient(state->policy, state->policy.parameters(), state->batch,
                                   state->old);
    };
    kernel.torch = [=] {
      calculus::autograd::surrogate_gradient(state->policy, state->policy.parameters(),
                                             state->batch, state->old, {});
    };
  }
  return kernel;
}

/// Updates of SAC at its published sizes: two layers of 256, batches of 256.
Kernel sac_updates(const std::string& name) {
  constexpr int64_t rows = 256, updates = 8;
  struct State {
    Sac learner{task().spec(), SacConfig(), RandomStream(1, "benchmark/sac"), torch::kCPU};
    Transitions batch = random_transitions(rows);
  };
  auto state = std::make_shared<State>();
  const auto& policy = state->learner.policy().network().shape().sizes;
  const auto& critic = state->learner.critic().shape().sizes;
  const auto members = static_cast<double>(state->learner.critic().members());
  const auto actions = static_cast<double>(state->learner.policy().action_size());
  // Targets, the critics' step, and the policy's: through the critics to their input, and back.
  const double to_actions = 2 * forward_flop(critic) -
                            2.0 * static_cast<double>(critic[0] * critic[1]) +
                            2.0 * actions * static_cast<double>(critic[1]);
  Kernel kernel;
  kernel.name = name;
  kernel.steps = updates * rows;
  kernel.flop = kernel.steps *
                (forward_flop(policy) + members * forward_flop(critic) +
                 members * training_flop(critic) + training_flop(policy) + members * to_actions);
  const auto update = [=] {
    for (int64_t i = 0; i < updates; ++i) state->learner.update(state->batch);
  };
  kernel.run = update;
  kernel.torch = [=] {
    const kernels::ForceTorch force;
    update();
  };
  return kernel;
}

std::string name_of(Precision precision, kernels::Use use) {
  return setting_name(kernels::resolved(precision, use));
}

KernelEntry imagination_entry(const std::string& name, const ModelConfig& config, int64_t tasks,
                              int64_t rows, int64_t horizon, Members which = Members::fixed) {
  return {name, [=](Precision precision) {
            auto rounded = config;
            rounded.precision = precision;
            auto kernel = imagination(name, rounded, tasks, rows, horizon, which);
            kernel.precision = name_of(precision, kernels::Use::inference);
            return kernel;
          }};
}
ModelConfig alone(ModelConfig config) {
  config.members = 1;
  return config;
}
KernelEntry fitting_entry(const std::string& name, const ModelConfig& config, int64_t batch) {
  return {name, [=](Precision precision) {
            auto kernel = fitting(name, config, batch, precision);
            kernel.precision = name_of(precision, kernels::Use::training);
            return kernel;
          }};
}
KernelEntry policy_entry(const std::string& name, bool fisher) {
  return {name, [=](Precision) { return policy_calculus(name, 200000, fisher); }};  // always f32
}

}  // namespace

const std::vector<KernelEntry>& benchmark_kernels() {
  static const std::vector<KernelEntry> kernels = {
      imagination_entry("imagine-5x20-512x512", mb_mpo_model(), 20, 5, 200),
      imagination_entry("imagine-5x200-512x512", mb_mpo_model(), 20, 50, 40),
      imagination_entry("imagine-5x2000-512x512", mb_mpo_model(), 20, 500, 4),
      // RLlib's, and our preset's.
      imagination_entry("imagine-5x200-512x512x512", mb_mpo_model({512, 512, 512}), 20, 50, 20),
      imagination_entry("imagine-5x40-256x256", mb_mpo_model({256, 256}), 20, 10, 200),
      imagination_entry("imagine-7x100000-200x4", mbpo_model(), 1, 100000, 1, Members::step),
      imagination_entry("imagine-1x100000-200x4-mixture", tom_model(), 1, 100000, 1, Members::step),
      fitting_entry("fit-5x256-512x512", mb_mpo_model(), 256),
      fitting_entry("fit-5x500-512x512", mb_mpo_model(), 500),
      fitting_entry("fit-5x32-256x256", mb_mpo_model({256, 256}), 32),
      fitting_entry("fit-7x256-200x4", mbpo_model(), 256),
      fitting_entry("fit-1x256-200x4-mixture", tom_model(), 256),
      // More threads than members.
      fitting_entry("fit-1x256-512x512", alone(mb_mpo_model()), 256),
      {"sac-256-256x256", [](Precision) { return sac_updates("sac-256-256x256"); }},  // always f32
      policy_entry("trpo-gradient-200000-32x32", false),
      policy_entry("trpo-fisher-200000-32x32", true),
  };
  return kernels;
}

KernelSpeed measure(const Kernel& kernel, int rounds) {
  PeakProduct peak;
  peak();
  kernel.run();
  std::vector<double> kernel_seconds, peak_seconds, torch_seconds;
  for (int round = 0; round < rounds; ++round) {
    peak_seconds.push_back(seconds_of(peak));
    kernel_seconds.push_back(seconds_of(kernel.run));
  }
  if (kernel.torch) {
    const TorchThreads threads;
    kernel.torch();
    for (int round = 0; round < 3; ++round) torch_seconds.push_back(seconds_of(kernel.torch));
  }
  KernelSpeed speed;
  speed.kernel = kernel.name;
  speed.precision = kernel.precision;
  speed.threads = worker_count();
  speed.gflops = kernel.flop / median(kernel_seconds) / 1e9;
  speed.peak_gflops = peak.flop() / median(peak_seconds) / 1e9;
  speed.steps_per_second = kernel.steps / median(kernel_seconds);
  if (kernel.torch) speed.torch_gflops = kernel.flop / median(torch_seconds) / 1e9;
  return speed;
}

}  // namespace reverie::benchmark
