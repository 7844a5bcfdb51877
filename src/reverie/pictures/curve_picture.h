// Curves against real steps as an SVG: stacked panels with a shared axis of steps.
#pragma once

#include <reverie/runs/curves.h>

#include <string>
#include <vector>

namespace reverie {

struct PlotLine {
  std::vector<BandPoint> points;
  size_t colour = 0;  ///< Index of its colour, the same in all panels and the legend.
  bool dashed = false;
  bool banded = true;  ///< Whether the area from the lowest to the highest run is filled.
};

/// A horizontal line across the panel at a published value.
struct PlotLevel {
  std::string text;
  double value = 0;
};

struct PlotPanel {
  std::string heading;
  double height = 300;  ///< In units of the picture, which is 760 wide.
  std::vector<PlotLine> lines;
  std::vector<PlotLevel> levels;
};

struct LegendRow {
  std::string text, figure;  ///< The figures form a column on the right.
  size_t colour = 0;
};

struct CurvePicture {
  std::string title;
  std::string figures;  ///< Heading of the legend's column of figures.
  std::vector<LegendRow> legend;
  std::vector<PlotPanel> panels;
};

/// The picture as SVG text. A line is paler where it covers fewer runs than elsewhere: some have
/// not got that far yet. Any text is escaped; all numbers must be finite.
std::string to_svg(const CurvePicture& picture);

/// "−1,234", "0.0123": four digits, or more where needed to tell multiples of `unit` apart.
std::string value_text(double value, double unit = 0);
/// "50k", "1.5M".
std::string steps_text(double steps);

}  // namespace reverie
