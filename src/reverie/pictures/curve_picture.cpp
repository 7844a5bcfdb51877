#include <reverie/pictures/curve_picture.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

namespace reverie {
namespace {

constexpr double kWidth = 760, kLeft = 72, kRight = 18;
constexpr double kLegendRow = 19, kHeading = 30, kGap = 26;

constexpr const char* kColours[] = {"#1b6ca8", "#c8553d", "#2a9d5c", "#8a5a9e",
                                    "#b8860b", "#3fa3b5", "#d06a9c", "#5c6770"};

const char* colour(size_t number) {
  return kColours[number % std::size(kColours)];
}

/// As XML takes it; what it takes in no way (control characters) is a blank.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
    }
  return out;
}

struct Axis {
  double low = 0, high = 1;      // of the values
  double from = 0, towards = 1;  // where these are drawn

  double at(double value) const { return from + (towards - from) * (value - low) / (high - low); }

  /// Between ticks: a round number, so that there are six at most.
  double tick_step() const {
    const double least = (high - low) / 6;
    double step = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {2.0, 2.5, 2.0})  // 1, 2, 5, 10
      if (step < least) step *= factor;
    return step;
  }

  std::vector<double> ticks() const {
    const double step = tick_step();
    std::vector<double> ticks;
    for (double i = std::ceil(low / step); i <= high / step; ++i) ticks.push_back(i * step + 0.0);
    return ticks;
  }
};

/// All that a panel shows, with a little room above and below.
Axis value_axis(const PlotPanel& panel, double top) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  const auto hold = [&low, &high](double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const PlotLine& line : panel.lines)
    for (const BandPoint& point : line.points) {
      hold(line.banded ? point.low : point.mean);
      hold(line.banded ? point.high : point.mean);
    }
  for (const PlotLevel& level : panel.levels) hold(level.value);
  if (low > high) low = high = 0;
  // A flat curve has an axis all the same, with ticks that a double can tell apart.
  const double size = std::max(std::abs(low), std::abs(high));
  const double room = high - low > 1e-6 * size ? 0.05 * (high - low) : std::max(0.05 * size, 1e-6);
  return {low - room, high + room, top + panel.height, top};
}

Axis steps_axis(const CurvePicture& picture) {
  double most = 1;
  for (const PlotPanel& panel : picture.panels)
    for (const PlotLine& line : panel.lines)
      if (!line.points.empty()) most = std::max(most, line.points.back().steps);
  return {0, most, kLeft, kWidth - kRight};
}

class Drawing {
 public:
  explicit Drawing(const CurvePicture& picture) : steps_(steps_axis(picture)) {
    double top = 34;
    if (!picture.legend.empty()) top += draw_legend(picture, top) + 8;
    for (const PlotPanel& panel : picture.panels) {
      draw_panel(panel, top + kHeading);
      top += kHeading + panel.height + kGap;
    }
    height_ = top + 20;
    text(kLeft, 24, picture.title, "font-size=\"15\" font-weight=\"bold\"");
    text((kLeft + kWidth - kRight) / 2, height_ - 8, "real steps", "text-anchor=\"middle\"");
  }

  std::string svg() const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"{:.0f}\" height=\"{:.0f}\" fill=\"white\"/>\n{}</svg>\n",
        kWidth, height_, kWidth, height_, body_);
  }

 private:
  void text(double x, double y, std::string_view words, std::string_view style) {
    body_ +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, style, escaped(words));
  }

  void line(double x1, double y1, double x2, double y2, std::string_view style) {
    body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1,
                         y1, x2, y2, style);
  }

  /// Returns its height.
  double draw_legend(const CurvePicture& picture, double top) {
    double y = top + kLegendRow / 2;
    if (!picture.figures.empty())
      text(kWidth - kRight, 24, picture.figures, "text-anchor=\"end\" fill=\"#666\"");
    for (const LegendRow& row : picture.legend) {
      line(kLeft, y, kLeft + 22, y,
           fmt::format("stroke=\"{}\" stroke-width=\"3\"", colour(row.colour)));
      text(kLeft + 30, y + 4, row.text, "");
      text(kWidth - kRight, y + 4, row.figure, "text-anchor=\"end\"");
      y += kLegendRow;
    }
    return static_cast<double>(picture.legend.size()) * kLegendRow;
  }

  void draw_panel(const PlotPanel& panel, double top) {
    const Axis values = value_axis(panel, top);
    const double right = steps_.towards, bottom = top + panel.height;
    text(kLeft, top - 9, panel.heading, "fill=\"#444\"");
    for (const double tick : values.ticks()) {
      const double y = values.at(tick);
      line(kLeft, y, right, y, "stroke=\"#e6e6e6\"");
      text(kLeft - 8, y + 4, value_text(tick, values.tick_step()), "text-anchor=\"end\"");
    }
    for (const double tick : steps_.ticks()) {
      line(steps_.at(tick), bottom, steps_.at(tick), bottom + 5, "stroke=\"#888\"");
      text(steps_.at(tick), bottom + 18, steps_text(tick),
           tick > 0.98 * steps_.high ? "text-anchor=\"end\"" : "text-anchor=\"middle\"");
    }
    for (const PlotLine& one : panel.lines)
      if (one.banded) draw_band(one, values);
    for (const PlotLine& one : panel.lines) draw_line(one, values);
    for (const PlotLevel& level : panel.levels) {
      const double y = values.at(level.value);
      line(kLeft, y, right, y, "stroke=\"#555\" stroke-width=\"1.5\" stroke-dasharray=\"7 4\"");
      text(right - 4, y - 5, level.text,
           "text-anchor=\"end\" fill=\"#333\" stroke=\"white\" stroke-width=\"3\" "
           "paint-order=\"stroke\"");
    }
    line(kLeft, bottom, right, bottom, "stroke=\"#888\"");
  }

  std::string place(const BandPoint& point, double value, const Axis& values) const {
    return fmt::format("{:.1f},{:.1f} ", steps_.at(point.steps), values.at(value));
  }

  void draw_band(const PlotLine& one, const Axis& values) {
    std::string above, below;
    for (const BandPoint& point : one.points)
      if (point.runs > 1) {
        above += place(point, point.high, values);
        below.insert(0, place(point, point.low, values));
      }
    if (!above.empty())
      body_ += fmt::format("<polygon points=\"{}{}\" fill=\"{}\" fill-opacity=\"0.16\"/>\n", above,
                           below, colour(one.colour));
  }

  /// Piece by piece: what all of its runs have come to, and what only some have.
  void draw_line(const PlotLine& one, const Axis& values) {
    const auto& points = one.points;
    int64_t all = 0;
    for (const BandPoint& point : points) all = std::max(all, point.runs);
    const auto is_whole = [&](size_t i) {
      return points[i].runs == all && points[std::min(i + 1, points.size() - 1)].runs == all;
    };
    for (size_t first = 0, last = 0; first < points.size(); first = last) {
      last = first + 1;
      while (last + 1 < points.size() && is_whole(last) == is_whole(first)) ++last;
      std::string places;
      for (size_t i = first; i <= std::min(last, points.size() - 1); ++i)
        places += place(points[i], points[i].mean, values);
      if (points.size() == 1) places += places;  // a dot
      body_ += fmt::format(
          "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}{} "
          "stroke-linejoin=\"round\" stroke-linecap=\"{}\"/>\n",
          places, colour(one.colour), one.dashed ? " stroke-dasharray=\"6 4\"" : "",
          is_whole(first) ? "" : " stroke-opacity=\"0.4\"", one.dashed ? "butt" : "round");
      if (last + 1 >= points.size()) break;
    }
  }

  Axis steps_;
  double height_ = 0;
  std::string body_;
};

}  // namespace

std::string value_text(double value, double unit) {
  const double size = std::abs(value), finest = unit > 0 ? unit : size / 1000;
  std::string digits;
  if (size == 0) {
    digits = "0";
  } else if (size >= 1e7 || size < 1e-4) {
    digits = fmt::format("{:.4g}", size);
  } else if (size >= 1000) {
    digits = fmt::format("{:.{}f}", size,
                         static_cast<int>(std::clamp(std::ceil(-std::log10(finest)), 0.0, 6.0)));
    for (size_t i = std::min(digits.find('.'), digits.size()); i > 3; i -= 3)
      digits.insert(i - 3, ",");
  } else {
    const double significant = std::ceil(std::log10(size / finest)) + 1;
    digits = fmt::format("{:.{}g}", size, static_cast<int>(std::clamp(significant, 4.0, 12.0)));
  }
  return (value < 0 ? "\u2212" : "") + digits;
}

std::string steps_text(double steps) {
  if (steps >= 1e6) return fmt::format("{:.4g}M", steps / 1e6);
  return steps >= 1000 ? fmt::format("{:.4g}k", steps / 1000) : fmt::format("{:.4g}", steps);
}

std::string to_svg(const CurvePicture& picture) {
  return Drawing(picture).svg();
}

}  // namespace reverie
