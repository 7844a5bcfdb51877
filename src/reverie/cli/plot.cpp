// The picture of runs: returns against real steps above; below, beside the return that their models
// promised.
#include <reverie/cli/commands.h>
#include <reverie/core/counted.h>
#include <reverie/core/error.h>
#include <reverie/core/settings.h>
#include <reverie/pictures/curve_picture.h>
#include <reverie/runs/curves.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/files.h>
#include <reverie/runs/run_folder.h>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace reverie::cli {
namespace {

/// The runs that are named, each once.
std::vector<RunGroup> read_groups(const std::vector<std::string>& names) {
  std::set<std::filesystem::path> seen;
  std::vector<RunRecord> runs;
  for (const std::string& name : names) {
    const RunFolder folder = open_run(name);
    if (seen.insert(std::filesystem::weakly_canonical(folder.root())).second)
      runs.push_back(read_record(folder));
  }
  return group_runs(runs);
}

void give_labels(std::vector<RunGroup>& groups, const std::vector<std::string>& labels) {
  if (labels.empty()) return;
  if (labels.size() != groups.size()) {
    std::vector<std::string> names;
    for (const RunGroup& group : groups) names.push_back(group.label);
    throw UsageError(fmt::format("--label names each curve, or none: here are {} ({}), and {}",
                                 counted(static_cast<int64_t>(groups.size()), "curve"),
                                 fmt::join(names, "; "),
                                 counted(static_cast<int64_t>(labels.size()), "label")));
  }
  for (size_t i = 0; i < groups.size(); ++i) groups[i].label = labels[i];
}

PlotLevel published_level(const std::string& given) {
  const size_t colon = given.rfind(':');
  const char* number = given.c_str() + (colon == given.npos ? 0 : colon + 1);
  char* end = nullptr;
  const double value = std::strtod(number, &end);
  if (colon == given.npos || end == number || *end != '\0' || !(std::abs(value) < 1e30))
    throw UsageError(
        fmt::format("--published takes NAME:VALUE, such as 'original code:550', not '{}'", given));
  return {fmt::format("{}: {}", given.substr(0, colon), value_text(value)), value};
}

std::string name_of(const std::string& metric) {
  for (const Figure& figure : learning_figures())
    if (figure.metric == metric) return figure.name;
  return metric;
}

/// One line of a group: each run's curve, smoothed.
template <class... Metrics>
std::vector<BandPoint> smoothed(const RunGroup& group, int64_t window, const Metrics&... metrics) {
  std::vector<Curve> curves;
  for (const RunRecord& run : group.runs)
    curves.push_back(over_last(window, curve_of(run, metrics...)));
  return band_of(curves);
}

void require_metric(const std::vector<RunGroup>& groups, const PlotPanel& panel,
                    const std::string& metric) {
  for (const PlotLine& line : panel.lines)
    if (!line.points.empty()) return;
  std::set<std::string> names;
  for (const RunGroup& group : groups)
    for (const RunRecord& run : group.runs)
      for (const IterationRow& row : run.iterations)
        for (const auto& [name, value] : row.metrics) names.insert(name);
  if (names.contains(metric))
    throw Error(fmt::format("there is nothing to draw of {} yet", metric));
  throw UsageError(fmt::format("no run here has a figure '{}'{}", metric,
                               did_you_mean(metric, {names.begin(), names.end()})));
}

PlotPanel upper_panel(const std::vector<RunGroup>& groups, const PlotOptions& options) {
  PlotPanel panel;
  const bool many = std::any_of(groups.begin(), groups.end(),
                                [](const RunGroup& group) { return group.runs.size() > 1; });
  panel.heading = name_of(options.metric) + (many ? " (area: lowest to highest seed)" : "");
  for (size_t i = 0; i < groups.size(); ++i)
    panel.lines.push_back({smoothed(groups[i], options.window, options.metric), i});
  for (const std::string& one : options.published) panel.levels.push_back(published_level(one));
  require_metric(groups, panel, options.metric);
  return panel;
}

/// The return that the last policy of an iteration had in the model, beside that of the real
/// episodes before it. Both are divided by the mean length of their episodes, where imagined ones
/// are not as long as real ones. Methods without a model have no line here.
PlotPanel lower_panel(const std::vector<RunGroup>& groups, const PlotOptions& options) {
  PlotPanel panel;
  panel.height = 190;
  const bool whole = imagines_whole_episodes(groups);
  panel.heading =
      fmt::format("return{}: real (solid), imagined (dashed)", whole ? "" : " per step");
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto line = [&](const std::string& metric, const std::string& length) {
      return whole ? smoothed(groups[i], options.window, metric)
                   : smoothed(groups[i], options.window, metric, length);
    };
    auto imagined = line("return/imagined", "imagination/episode_length");
    if (imagined.empty()) continue;
    panel.lines.push_back({line("return/real", "episode/length"), i, false, false});
    panel.lines.push_back({std::move(imagined), i, true, false});
  }
  return panel;
}

/// Where the most of a group's runs have come to.
std::string newest_of(const std::vector<BandPoint>& points) {
  if (points.empty()) return "\u2013";
  BandPoint newest = points.front();
  for (const BandPoint& point : points)
    if (point.runs >= newest.runs) newest = point;
  return fmt::format("{} at {}", value_text(newest.mean), steps_text(newest.steps));
}

std::string title_of(const std::vector<RunGroup>& groups) {
  std::vector<std::string> tasks;
  for (const RunGroup& group : groups)
    if (std::find(tasks.begin(), tasks.end(), group.runs[0].task) == tasks.end())
      tasks.push_back(group.runs[0].task);
  return fmt::format("{}", fmt::join(tasks, ", "));
}

}  // namespace

int plot(const PlotOptions& options) {
  if (!options.out.ends_with(".svg"))
    throw UsageError(fmt::format("--out takes the name of an .svg, not '{}'", options.out));
  auto groups = read_groups(options.runs);
  give_labels(groups, options.labels);

  CurvePicture picture;
  picture.title = options.title.empty() ? title_of(groups) : options.title;
  if (options.window > 1)
    picture.figures =
        fmt::format("mean of the last {} steps", value_text(static_cast<double>(options.window)));
  picture.panels.push_back(upper_panel(groups, options));
  for (size_t i = 0; i < groups.size(); ++i) {
    const std::string text = fmt::format("{} ({})", groups[i].label, count_of(groups[i]));
    const std::string figure = newest_of(picture.panels[0].lines[i].points);
    picture.legend.push_back({text, figure, i});
    fmt::print("{}: {}\n", text, figure);
    if (groups[i].repeats > 0)
      fmt::print("  ({} of a seed that occurs twice left out: the longest run of each is drawn)\n",
                 counted(groups[i].repeats, "run"));
  }
  PlotPanel lower = lower_panel(groups, options);
  if (!lower.lines.empty()) picture.panels.push_back(std::move(lower));
  write_file_atomically(options.out, to_svg(picture));
  fmt::print("{}\n", options.out);
  return 0;
}

}  // namespace reverie::cli
