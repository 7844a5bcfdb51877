#include <reverie/runs/curves.h>

#include <reverie/agents/agent.h>
#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/envs/env_config.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/files.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>

namespace reverie {
namespace {

/// The figure of one iteration, where it has one that can be drawn.
std::optional<double> value_of(const IterationRow& row, std::string_view metric) {
  const auto random = row.metrics.find(kRandomActions);
  if (metric == "return/real" && random != row.metrics.end() && random->second > 0)
    return std::nullopt;
  const auto found = row.metrics.find(std::string(metric));
  constexpr double kMost = 1e30;  // NaN isn't below it either
  if (found == row.metrics.end() || !(std::abs(found->second) < kMost)) return std::nullopt;
  return found->second;
}

std::optional<double> value_at(const Curve& curve, double steps) {
  const auto after =
      std::lower_bound(curve.begin(), curve.end(), steps,
                       [](const CurvePoint& point, double at) { return point.steps < at; });
  if (after == curve.end() || (after == curve.begin() && after->steps > steps)) return std::nullopt;
  if (after->steps == steps) return after->value;
  const CurvePoint& before = *(after - 1);
  const double part = (steps - before.steps) / (after->steps - before.steps);
  return before.value + part * (after->value - before.value);
}

/// What a method's settings are where a file doesn't say: nothing for a method that there isn't.
std::map<std::string, std::string> built_in_settings(std::string_view method) {
  std::map<std::string, std::string> values;
  for (const AgentEntry& entry : all_agents()) {
    if (entry.name != method) continue;
    const auto agent = entry.make_config();
    EnvConfig env;
    Settings settings;
    agent->describe(settings);
    settings.group("env", env);
    for (const Setting& one : settings.list()) values[one.key] = format_value(one.get());
  }
  return values;
}

/// Whether runs that differ in it are of different kinds.
bool tells_runs_apart(std::string_view key) {
  return key == "run.from" || !key.starts_with("run.");
}

bool is_of_kind(const RunRecord& a, const RunRecord& b) {
  return a.method == b.method && a.task == b.task && a.settings == b.settings;
}

/// Of `group` beside those of the same method and task: "trpo.max_kl=0.05, stop=fixed".
std::string differing_settings(const RunGroup& group, const std::vector<RunGroup>& groups,
                               size_t most) {
  const RunRecord& own = group.runs.front();
  std::set<std::string> keys;
  for (const RunGroup& other : groups) {
    const RunRecord& its = other.runs.front();
    if (its.method != own.method || its.task != own.task) continue;
    for (const auto& [key, value] : own.settings) {
      const auto found = its.settings.find(key);
      if (found == its.settings.end() || found->second != value) keys.insert(key);
    }
  }
  std::string words;
  size_t shown = 0;
  for (const std::string& key : keys) {
    if (++shown > most) break;
    std::string value = own.settings.at(key);
    std::erase(value, '"');
    words += fmt::format(", {}={}", key, value);
  }
  if (keys.size() > most) words += fmt::format(", {} more", keys.size() - most);
  return words;
}

int64_t steps_of(const RunRecord& run) {
  return run.iterations.empty() ? 0 : run.iterations.back().env_steps;
}

double longest(const RunRecord& run, std::string_view metric) {
  double most = 0;
  for (const CurvePoint& point : curve_of(run, metric)) most = std::max(most, point.value);
  return most;
}

}  // namespace

Curve over_last(int64_t window, const Curve& curve) {
  Curve smooth;
  for (size_t last = 0, first = 0; last < curve.size(); ++last) {
    while (curve[first].steps <= curve[last].steps - static_cast<double>(window)) ++first;
    double sum = 0;
    for (size_t i = first; i <= last; ++i) sum += curve[i].value;
    smooth.push_back({curve[last].steps, sum / static_cast<double>(last - first + 1)});
  }
  return smooth;
}

std::vector<BandPoint> band_of(const std::vector<Curve>& curves) {
  std::set<double> steps;
  for (const Curve& curve : curves)
    for (const CurvePoint& point : curve) steps.insert(point.steps);
  std::vector<BandPoint> band;
  for (const double at : steps) {
    BandPoint point{at, 0, HUGE_VAL, -HUGE_VAL, 0};
    for (const Curve& curve : curves)
      if (const auto value = value_at(curve, at)) {
        point.mean += *value;
        point.low = std::min(point.low, *value);
        point.high = std::max(point.high, *value);
        ++point.runs;
      }
    point.mean /= static_cast<double>(point.runs);
    band.push_back(point);
  }
  return band;
}

RunRecord read_record(const RunFolder& folder) {
  const std::string file = folder.config().string();
  RunRecord run;
  std::map<std::string, std::string> said;
  for (const Assignment& one : read_toml(read_file(file), file)) {
    const auto* text = std::get_if<std::string>(&one.value);
    if (one.key == "method" && text)
      run.method = *text;
    else if (one.key == "task" && text)
      run.task = *text;
    else if (one.key == "run.seed")
      run.seed = format_value(one.value);
    else if (one.key != "preset" && tells_runs_apart(one.key))
      said[one.key] = format_value(one.value);
  }
  run.settings = built_in_settings(run.method);
  for (const auto& [key, value] : said) run.settings[key] = value;
  std::error_code error;
  if (std::filesystem::exists(folder.store(), error))
    run.iterations = Store(folder.store(), Store::Access::read).iterations();
  if (run.iterations.empty())
    throw Error(fmt::format("{} has no figures yet: no iteration of it is complete",
                            folder.root().string()));
  return run;
}

Curve curve_of(const RunRecord& run, std::string_view metric) {
  Curve curve;
  for (const IterationRow& row : run.iterations)
    if (const auto value = value_of(row, metric))
      curve.push_back({static_cast<double>(row.env_steps), *value});
  return curve;
}

Curve curve_of(const RunRecord& run, std::string_view metric, std::string_view divisor) {
  Curve curve;
  for (const IterationRow& row : run.iterations) {
    const auto value = value_of(row, metric), by = value_of(row, divisor);
    if (value && by && *by > 0) curve.push_back({static_cast<double>(row.env_steps), *value / *by});
  }
  return curve;
}

std::vector<RunGroup> group_runs(const std::vector<RunRecord>& runs) {
  std::vector<RunGroup> groups;
  for (const RunRecord& run : runs) {
    const auto its = std::find_if(groups.begin(), groups.end(), [&run](const RunGroup& group) {
      return is_of_kind(group.runs.front(), run);
    });
    if (its == groups.end()) {
      groups.push_back({{run}, {}});
      continue;
    }
    const auto same = std::find_if(its->runs.begin(), its->runs.end(),
                                   [&run](const RunRecord& one) { return one.seed == run.seed; });
    if (same == its->runs.end()) {
      its->runs.push_back(run);
      continue;
    }
    ++its->repeats;
    if (steps_of(run) > steps_of(*same)) *same = run;
  }
  const auto task_differs = [&runs](const RunRecord& run) { return run.task != runs[0].task; };
  const bool many_tasks = std::any_of(runs.begin(), runs.end(), task_differs);
  // As few settings as tell the groups apart, but three.
  std::set<std::string> labels;
  for (size_t most = 3; labels.size() < groups.size() && most < 1000; ++most) {
    labels.clear();
    for (RunGroup& group : groups) {
      const RunRecord& first = group.runs.front();
      group.label = fmt::format("{}{}{}", first.method, many_tasks ? ", " + first.task : "",
                                differing_settings(group, groups, most));
      labels.insert(group.label);
    }
  }
  return groups;
}

std::string count_of(const RunGroup& group) {
  const size_t count = group.runs.size();
  return fmt::format("{} seed{}", count, count == 1 ? "" : "s");
}

bool imagines_whole_episodes(const std::vector<RunGroup>& groups) {
  for (const RunGroup& group : groups)
    for (const RunRecord& run : group.runs) {
      const double real = longest(run, "episode/length");
      const double imagined = longest(run, "imagination/episode_length");
      if (imagined > 0 && std::abs(imagined - real) > 0.01 * real) return false;
    }
  return true;
}

}  // namespace reverie
