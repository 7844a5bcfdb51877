#include <reverie/cli/views.h>
#include <reverie/runs/figures.h>
#include <reverie/runs/files.h>
#include <reverie/runs/stop_signal.h>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace reverie::cli {
namespace {

constexpr std::string_view kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

int terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;  // a terminal that has gone is no reason to stop training
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string bar(double fraction, int cells) {
  const auto full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * cells));
  std::string text;
  for (int i = 0; i < cells; ++i) text += i < full ? "█" : "░";
  return text;
}

}  // namespace

std::string fit_width(const std::string& text, int width) {
  std::string out;
  int columns = 0;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\033') {  // an escape sequence ends in a letter and takes no room
      size_t end = i + 1;
      while (end < text.size() && !std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
      out.append(text, i, end + 1 - i);
      i = end + 1;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    if (columns < width) out.append(text, i, end - i);
    ++columns;
    i = end;
  }
  return out;
}

std::string sparkline(const std::vector<double>& values, size_t width) {
  const size_t first = values.size() > width ? values.size() - width : 0;
  if (first == values.size()) return "";
  const auto [low, high] =
      std::minmax_element(values.begin() + static_cast<long>(first), values.end());
  std::string line;
  for (size_t i = first; i < values.size(); ++i) {
    const double height = *high > *low ? (values[i] - *low) / (*high - *low) : 0.5;
    line += kBlocks[static_cast<size_t>(std::clamp(std::lround(height * 7), 0L, 7L))];
  }
  return line;
}

LiveView::~LiveView() {
  if (drawn_ > 0) draw(true);
}

// The block stays on the screen as it was at the end, but for what was being done; the line follows
// it.
void LiveView::finish(const std::string& line) {
  finished_ = true;
  if (drawn_ > 0) draw(true);
  drawn_ = 0;
  write_all(line + "\n");
}

std::string LiveView::bold(const std::string& text) const {
  return colour_ ? "\033[1m" + text + "\033[0m" : text;
}

std::vector<std::string> LiveView::lines(int width) const {
  const auto value = [this](const char* name, const char* format) {
    const auto found = metrics_.find(name);
    return found == metrics_.end() ? std::string("-")
                                   : fmt::format(fmt::runtime(format), found->second);
  };
  const auto rate = [this](const char* name) {
    const auto found = metrics_.find(name);
    return found == metrics_.end() ? std::string("-") : format_rate(found->second);
  };
  const auto row = [](const char* label, const std::string& text) {
    return fmt::format("  {:<8}{}", label, text);
  };
  std::string phases;
  for (const std::string& phase : status_.phases)
    phases += fmt::format("{}{} {} s", phases.empty() ? "" : "  ", phase,
                          value(("time/" + phase).c_str(), "{:.1f}"));
  const double done = static_cast<double>(status_.env_steps) /
                      static_cast<double>(std::max<int64_t>(1, status_.budget));
  std::vector<std::string> lines = {
      bold(title_),
      row("steps", fmt::format("{} {} of {}  elapsed {}  eta {}", bar(done, 10),
                               bold(format_count(status_.env_steps)), format_count(status_.budget),
                               format_duration(status_.wall_seconds), format_eta(status_))),
      row("return", fmt::format("{}  {}  {}", bold(in_words("return/real", metrics_)),
                                in_words("return/imagined", metrics_),
                                bold(in_words("eval/return", metrics_)))),
      row("", sparkline(returns_, static_cast<size_t>(std::max(10, width - 12)))),
      row("policy",
          fmt::format("{}  {}  {}  {}", in_words("policy/std", metrics_),
                      in_words("policy/saturated", metrics_), in_words("policy/kl", metrics_),
                      in_words("episode/length", metrics_))),
      row("model", fmt::format("{}  holdout loss {}", in_words("model/new_data_error", metrics_),
                               value("model/holdout_loss", "{:.2g}"))),
      row("speed",
          fmt::format("{} imagined steps/s  {} fitted rows/s",
                      rate("time/imagined_steps_per_second"), rate("time/fit_rows_per_second"))),
      row("phases", phases),
  };
  if (stop_signal() != 0 && !finished_)
    lines.push_back(row("stop", fmt::format("after {} ({:.0f}%), with a checkpoint; Ctrl-C again: "
                                            "at once",
                                            phase_, 100 * fraction_)));
  else if (!finished_)
    lines.push_back(
        row("now", fmt::format("iteration {:<4} {:<9}{} {:3.0f}%", status_.iteration + 1, phase_,
                               bar(fraction_, 20), 100 * fraction_)));
  for (auto& line : lines) line = fit_width(line, width);
  return lines;
}

// One write for the whole block, each line cleared only to its right: nothing blinks.
void LiveView::draw(bool now) {
  const auto moment = std::chrono::steady_clock::now();
  if (!now && moment - drawn_at_ < std::chrono::milliseconds(100)) return;
  drawn_at_ = moment;
  std::string text;
  if (drawn_ > 0) text += fmt::format("\033[{}A", drawn_);
  const auto block = lines(terminal_width() - 1);
  for (const auto& line : block) text += "\r" + line + "\033[K\n";
  if (block.size() < drawn_) text += "\033[J";
  drawn_ = block.size();
  write_all(text);
}

void LiveView::progress(std::string_view phase, double fraction, const RunStatus& status) {
  const bool new_phase = phase != phase_;
  if (new_phase) phase_ = phase;
  fraction_ = fraction;
  status_ = status;
  draw(new_phase);
}

void LiveView::remember(const IterationRow& row) {
  metrics_.erase(kRandomActions);  // said of that iteration alone
  for (const auto& [name, value] : row.metrics) metrics_[name] = value;
  const auto real = row.metrics.find("return/real");
  if (real != row.metrics.end()) returns_.push_back(real->second);
}

void LiveView::history(const std::vector<IterationRow>& rows) {
  for (const auto& row : rows) remember(row);
}

void LiveView::iteration(const IterationRow& row, const RunStatus& status) {
  remember(row);
  status_ = status;
  draw(true);
}

void LiveView::note(const std::string& line) {
  std::string text;
  if (drawn_ > 0) text += fmt::format("\033[{}A\033[J", drawn_);
  text += "\r" + line + "\n";
  const bool redraw = drawn_ > 0;
  drawn_ = 0;
  write_all(text);
  if (redraw) draw(true);
}

}  // namespace reverie::cli
