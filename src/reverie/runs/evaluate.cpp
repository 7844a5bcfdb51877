#include <reverie/runs/evaluate.h>

#include <reverie/envs/task_entry.h>

#include <algorithm>
#include <cmath>

namespace reverie {
namespace {

constexpr int64_t kSideBySide = 64;  // more environments than this cost memory, not time

void run_episodes(Actor& actor, EnvironmentPool& pool, Mode mode, RandomStream noise,
                  Evaluation& out) {
  const auto count = static_cast<size_t>(pool.count());
  std::vector<double> returns(count, 0.0);
  std::vector<int64_t> lengths(count, 0);
  size_t open = count;
  pool.reset();
  actor.begin(torch::ones({pool.count()}, torch::kBool));
  while (open > 0) {
    const Tensor observation = actor.remembers() ? pool.observation().clone() : pool.observation();
    const Tensor action = actor.act(observation, mode, noise);
    const StepResult step = pool.step(action);
    tell(actor, {observation, action, step.reward, step.next_observation, step.terminated,
                 step.truncated});
    for (const Episode& episode : pool.finished()) {
      const auto index = static_cast<size_t>(episode.environment);
      if (lengths[index] > 0) continue;  // its second episode: not asked for
      returns[index] = episode.episode_return;
      lengths[index] = episode.length;
      --open;
    }
  }
  out.returns.insert(out.returns.end(), returns.begin(), returns.end());
  out.lengths.insert(out.lengths.end(), lengths.begin(), lengths.end());
}

}  // namespace

Spread spread(const std::vector<double>& values) {
  Spread result;
  if (values.empty()) return result;
  for (const double value : values) result.mean += value;
  result.mean /= static_cast<double>(values.size());
  for (const double value : values) result.std += (value - result.mean) * (value - result.mean);
  result.std = std::sqrt(result.std / static_cast<double>(values.size()));
  return result;
}

double standard_error(double std, int64_t count) {
  return count < 2 ? 0.0 : std / std::sqrt(static_cast<double>(count - 1));
}

Evaluation evaluate(Actor& actor, const TaskEntry& task, const EnvConfig& env,
                    const EpisodeBudget& budget, Mode mode, const RandomStream& random,
                    const std::function<bool()>& stop) {
  const torch::NoGradGuard no_grad;
  Evaluation result;
  const int64_t longest = task.make_task(env)->spec().horizon;
  // As many as the steps that are left are likely to be enough for.
  const auto affordable = [&](int64_t done) {
    int64_t taken = 0;
    for (const int64_t length : result.lengths) taken += length;
    const int64_t length = done == 0 ? longest : (taken + done - 1) / done;
    const int64_t left = std::max<int64_t>(budget.steps - taken, 0);
    return std::max(budget.always - done, left / std::max<int64_t>(length, 1));
  };
  const auto episodes_left = [&]() -> int64_t {
    const auto done = static_cast<int64_t>(result.returns.size());
    if (done < budget.least) return std::min(budget.least - done, affordable(done));
    const Spread returns = spread(result.returns);
    const bool precise =
        standard_error(returns.std, done) <= budget.precision * std::abs(returns.mean);
    return precise ? 0 : std::min(budget.most - done, affordable(done));
  };
  for (uint64_t batch = 0;; ++batch) {
    const int64_t left = episodes_left();
    if (left <= 0 || (stop && stop())) break;
    EnvironmentPool pool(task, env, std::min(left, kSideBySide), random.split(2 * batch));
    run_episodes(actor, pool, mode, random.split(2 * batch + 1), result);
  }
  return result;
}

}  // namespace reverie
