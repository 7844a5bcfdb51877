#include <reverie/bench/kernel_benchmark.h>
#include <reverie/bench/workloads.h>
#include <reverie/envs/world.h>
#include <reverie/imagination/imagine.h>
#include <reverie/improvers/maml.h>
#include <reverie/improvers/trpo.h>
#include <reverie/values/advantage.h>

#include <chrono>

namespace reverie::benchmark {
namespace {

/// Seconds by phase, in the order of their first use.
class Clock {
 public:
  template <class Work>
  auto time(const std::string& phase, bool kernel, const Work& work) {
    struct Stop {
      Clock& clock;
      std::string phase;
      bool kernel;
      std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
      ~Stop() {
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
        clock.add(phase, kernel, taken.count());
      }
    } stop{*this, phase, kernel};
    return work();
  }
  const std::vector<IterationSpeed::Phase>& phases() const { return phases_; }

 private:
  void add(const std::string& phase, bool kernel, double seconds) {
    for (auto& known : phases_)
      if (known.name == phase) {
        known.seconds += seconds;
        return;
      }
    phases_.push_back({phase, kernel, seconds});
  }
  std::vector<IterationSpeed::Phase> phases_;
};

/// A problem that notes how long its parts take.
class TimedProblem : public PolicyProblem {
 public:
  TimedProblem(const PolicyProblem& problem, Clock& clock) : problem_(problem), clock_(clock) {}
  Value evaluate(const Tensor& parameters, const SurrogateTerms& terms) const override {
    return clock_.time("surrogate", true, [&] { return problem_.evaluate(parameters, terms); });
  }
  Tensor gradient(const Tensor& parameters, const SurrogateTerms& terms) const override {
    return clock_.time("meta-gradient", true, [&] { return problem_.gradient(parameters, terms); });
  }
  std::function<Tensor(const Tensor&)> fisher(double fraction) const override {
    return [this, product = problem_.fisher(fraction)](const Tensor& v) {
      return clock_.time("Fisher products", true, [&] { return product(v); });
    };
  }

 private:
  const PolicyProblem& problem_;
  Clock& clock_;
};

}  // namespace

double IterationSpeed::seconds() const {
  double sum = 0;
  for (const auto& phase : phases) sum += phase.seconds;
  return sum;
}

double IterationSpeed::kernel_fraction() const {
  double sum = 0;
  for (const auto& phase : phases) sum += phase.kernel ? phase.seconds : 0;
  return sum / seconds();
}

IterationSpeed measure_iteration(int64_t meta_steps_measured) {
  constexpr int64_t tasks = 20, rollouts = 50, horizon = 200;
  const auto model = make_model(mb_mpo_model());
  auto policy = make_policy();
  const auto task = benchmark::task().make_task(EnvConfig{});
  World world(benchmark::task(), EnvConfig{}, 1, RandomStream(1, "benchmark/world"));
  RandomStream random(1, "benchmark/iteration");
  Trpo trpo{TrpoConfig{}};
  Clock clock;
  ImagineOptions options;
  options.horizon = horizon;
  int64_t practices = 0;

  const auto practise = [&](const Tensor& parameters) {
    const auto starts = clock.time("start states", false, [&] {
      return world.initial_observations(tasks * rollouts, random)
          .view({tasks, rollouts, policy.observation_size()});
    });
    const auto rollouts_made = clock.time("imagination", true, [&] {
      return imagine(*task, model, policy, parameters, starts, starts.flatten(0, 1), options,
                     random.split(static_cast<uint64_t>(practices++)));
    });
    return clock.time("baseline and advantages", false, [&] {
      LinearFeatureBaseline baseline;
      return policy_batch(rollouts_made, advantages(rollouts_made, AdvantageConfig{}, baseline));
    });
  };
  const auto began = std::chrono::steady_clock::now();
  for (int64_t step = 0; step < meta_steps_measured; ++step) {
    const auto before = practise(policy.parameters().expand({tasks, -1}));
    const maml::MetaConfig config;
    const auto adapted = clock.time("adaptation", true, [&] {
      return maml::adapt(policy, before, config.inner_learning_rate);
    });
    const auto after = practise(adapted);
    const auto problem = clock.time("old policies", true, [&] {
      return maml::MetaProblem(policy, maml::InnerSteps{{before}, {adapted}}, after, config);
    });
    trpo.step(policy, TimedProblem(problem, clock));
  }
  IterationSpeed speed;
  speed.meta_steps_measured = meta_steps_measured;
  speed.phases = clock.phases();
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - began;
  speed.phases.push_back({"the rest", false, all.count() - speed.seconds()});
  for (auto& phase : speed.phases)
    phase.seconds *=
        static_cast<double>(speed.meta_steps) / static_cast<double>(meta_steps_measured);
  return speed;
}

}  // namespace reverie::benchmark
