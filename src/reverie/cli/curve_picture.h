// Curves against real steps as an SVG: panels one below the other, on the same axis of steps.
#pragma once

#include <reverie/runs/curves.h>

#include <string>
#include <vector>

namespace reverie::cli {

struct PlotLine {
  std::vector<BandPoint> points;
  size_t colour = 0;  ///< Lines of one number share a colour, in all panels and in the legend.
  bool dashed = false;
  bool banded = true;  ///< Whether the area from the lowest to the highest run is filled.
};

/// A value across the whole panel, as someone else published it.
struct PlotLevel {
  std::string text;
  double value = 0;
};

struct PlotPanel {
  std::string heading;
  double height = 300;  ///< In the units of the picture, which is 760 wide.
  std::vector<PlotLine> lines;
  std::vector<PlotLevel> levels;
};

struct LegendRow {
  std::string text, figure;  ///< The figure stands right, in a column.
  size_t colour = 0;
};

struct CurvePicture {
  std::string title;
  std::string figures;  ///< Heads the column of the legend's figures.
  std::vector<LegendRow> legend;
  std::vector<PlotPanel> panels;
};

/// The picture's text. A line is paler where fewer of its runs have figures than have at most:
/// where some have not come as far yet. Any text is escaped; all numbers must be finite.
std::string to_svg(const CurvePicture& picture);

/// "−1,234", "0.0123": in four digits, and in as many more as tell multiples of `unit` apart.
std::string value_text(double value, double unit = 0);
/// "50k", "1.5M".
std::string steps_text(double steps);

}  // namespace reverie::cli
