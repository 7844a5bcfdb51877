#include <reverie/runs/run_monitor.h>

#include <reverie/core/archive.h>

#include <algorithm>
#include <utility>

namespace reverie {

void RunMonitor::record(std::string_view name, double value) {
  const std::lock_guard lock(mutex_);
  metrics_[std::string(name)] = value;
}

void RunMonitor::progress(std::string_view phase, double fraction) {
  const std::lock_guard lock(mutex_);
  RunStatus status = status_;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - status_at_;
  status.wall_seconds += since.count();
  if (status.seconds_left > 0)
    status.seconds_left = std::max(0.0, status.seconds_left - since.count());
  view_.progress(phase, fraction, status);
}

void RunMonitor::set_status(const RunStatus& status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
  status_at_ = std::chrono::steady_clock::now();
}

void RunMonitor::add_episodes(const std::vector<Episode>& episodes) {
  episodes_.insert(episodes_.end(), episodes.begin(), episodes.end());
}

IterationRow RunMonitor::take(int64_t iteration, int64_t env_steps) {
  const std::lock_guard lock(mutex_);
  IterationRow row;
  row.iteration = iteration;
  row.env_steps = env_steps;
  row.metrics = std::exchange(metrics_, {});
  row.episodes = std::exchange(episodes_, {});
  return row;
}

void RunMonitor::serialize(Archive& archive) {
  std::vector<std::string> names;
  std::vector<double> values, returns;
  std::vector<int64_t> lengths, environments;
  for (const auto& [name, value] : metrics_) {
    if (name.starts_with("time/")) continue;
    names.push_back(name);
    values.push_back(value);
  }
  for (const auto& episode : episodes_) {
    returns.push_back(episode.episode_return);
    lengths.push_back(episode.length);
    environments.push_back(episode.environment);
  }
  archive("names", names);
  archive("values", values);
  archive("returns", returns);
  archive("lengths", lengths);
  archive("environments", environments);
  if (!archive.reading()) return;
  if (values.size() != names.size()) archive.refuse("values", "the values of other names");
  if (lengths.size() != returns.size() || environments.size() != returns.size())
    archive.refuse("lengths", "the lengths of other episodes");
  metrics_.clear();
  episodes_.clear();
  for (size_t i = 0; i < names.size(); ++i) metrics_[names[i]] = values.at(i);
  for (size_t i = 0; i < returns.size(); ++i)
    episodes_.push_back({returns[i], lengths.at(i), environments.at(i)});
}

}  // namespace reverie
