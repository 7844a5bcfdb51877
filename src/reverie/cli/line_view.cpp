#include <reverie/cli/views.h>
#include <reverie/runs/experiment.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/files.h>
#include <reverie/runs/stop_signal.h>

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace reverie::cli {

std::string format_count(int64_t count) {
  if (count < 0) return fmt::format("-{}", format_count(-count));
  if (count < 1000) return std::to_string(count);
  return fmt::format("{},{:03}", format_count(count / 1000), count % 1000);
}

std::string format_rate(double rate) {
  if (rate >= 1e6) return fmt::format("{:.2f}M", rate / 1e6);
  if (rate >= 1e3) return fmt::format("{:.1f}k", rate / 1e3);
  return fmt::format("{:.0f}", rate);
}

std::string format_eta(const RunStatus& status) {
  return status.seconds_left < 0 ? "?" : format_duration(status.seconds_left);
}

void LineView::iteration(const IterationRow& row, const RunStatus& status) {
  std::string line =
      fmt::format("iteration {}  steps {}/{}", row.iteration, row.env_steps, status.budget);
  for (const Figure& figure : learning_figures())
    if (row.metrics.contains(figure.metric)) line += "  " + in_words(figure, row.metrics);
  for (const std::string& phase : status.phases)
    if (const auto found = row.metrics.find(fmt::format("time/{}", phase));
        found != row.metrics.end())
      line += fmt::format("  {} {:.2f}s", phase, found->second);
  const auto rate = row.metrics.find("time/imagined_steps_per_second");
  if (rate != row.metrics.end()) line += fmt::format("  {} imagined/s", format_rate(rate->second));
  const auto fitted = row.metrics.find("time/fit_rows_per_second");
  if (fitted != row.metrics.end())
    line += fmt::format("  {} fitted rows/s", format_rate(fitted->second));
  note(fmt::format("{}  elapsed {}  eta {}", line, format_duration(status.wall_seconds),
                   format_eta(status)));
}

void LineView::note(const std::string& line) {
  // A full disk under the log is no reason to stop training. A reader that has gone (`| head`) has
  // seen enough: the run ends as by Ctrl-C.
  const bool written = std::fputs((line + "\n").c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!written && errno == EPIPE) request_stop(SIGPIPE);
}

std::unique_ptr<TrainingView> make_view(const Experiment& experiment, const std::string& folder) {
  const char* term = std::getenv("TERM");
  const bool dumb = !term || !*term || std::string_view(term) == "dumb";
  if (dumb || ::isatty(STDOUT_FILENO) == 0) return std::make_unique<LineView>();
  const char* no_colour = std::getenv("NO_COLOR");
  return std::make_unique<LiveView>(fmt::format("{} on {}  seed {}  {}", experiment.method->name,
                                                experiment.task->name, experiment.run.seed, folder),
                                    !(no_colour && *no_colour));
}

}  // namespace reverie::cli
