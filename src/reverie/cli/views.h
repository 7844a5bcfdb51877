// Progress output of a run: redrawn in place on a terminal, one line per iteration elsewhere.
#pragma once

#include <reverie/runs/training_view.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace reverie {
struct Experiment;
}

namespace reverie::cli {

/// The view for standard output: live on a terminal that can move its cursor, lines otherwise.
/// Colours only in the live view, and not under NO_COLOR.
std::unique_ptr<TrainingView> make_view(const Experiment& experiment, const std::string& folder);

/// One line for each iteration, for logs and pipes.
class LineView : public TrainingView {
 public:
  void iteration(const IterationRow& row, const RunStatus& status) override;
  void note(const std::string& line) override;
};

/// A block of lines at the bottom of the terminal, redrawn in place at most ten times a second,
/// each time by a single write, with each line cut to the terminal's width.
class LiveView : public TrainingView {
 public:
  LiveView(std::string title, bool colour) : title_(std::move(title)), colour_(colour) {}
  ~LiveView() override;

  void begin(const std::string&) override {}  // the title says it
  void history(const std::vector<IterationRow>& rows) override;
  void progress(std::string_view phase, double fraction, const RunStatus& status) override;
  void iteration(const IterationRow& row, const RunStatus& status) override;
  void note(const std::string& line) override;
  void finish(const std::string& line) override;

  /// The lines as drawn for a terminal this wide; for tests.
  std::vector<std::string> lines(int width) const;

 private:
  void draw(bool now);
  void remember(const IterationRow& row);
  std::string bold(const std::string& text) const;

  std::string title_;
  bool colour_;
  RunStatus status_;
  std::map<std::string, double> metrics_;  ///< Latest value of each.
  std::vector<double> returns_;            ///< Real returns, one per iteration.
  std::string phase_;
  double fraction_ = 0;
  bool finished_ = false;
  size_t drawn_ = 0;  ///< Lines of the block on the screen.
  std::chrono::steady_clock::time_point drawn_at_{};
};

/// Cuts text to at most `width` columns (UTF-8, one column per character; escapes take none).
std::string fit_width(const std::string& text, int width);

/// Draws the newest `width` values as block characters of up to 8 heights.
std::string sparkline(const std::vector<double>& values, size_t width);

/// "12,345", and "1.2M", "34.5k" for rates.
std::string format_count(int64_t count);
std::string format_rate(double rate);

/// Time left until the budget is spent at the present speed, or "?".
std::string format_eta(const RunStatus& status);

}  // namespace reverie::cli
