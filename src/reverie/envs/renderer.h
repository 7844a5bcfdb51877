// Pictures of MuJoCo bodies, drawn without a screen.
#pragma once

#include <reverie/envs/simulation.h>

#include <cstdint>
#include <memory>
#include <span>

namespace reverie {

/// Draws bodies into images of one size, from where each is best seen (see viewpoint.h). Up is
/// against gravity, so that a slope is seen as one; but not by an MJCF's own camera.
///
/// The image depends on body, pose, size and quality alone. To be used on the thread that made it.
class Renderer {
 public:
  /// fast: for videos; fine: smoother edges and shadows, and reflections, at a quarter of the
  /// speed.
  enum class Quality { fast, fine };

  /// Throws Error where there is no OpenGL.
  Renderer(int width, int height, Quality quality = Quality::fast);
  ~Renderer();

  int width() const { return width_; }
  int height() const { return height_; }

  /// Draws `body` with its joints at `position` [nq], and what is `placed`, into `rgb` [height,
  /// width, 3], top row first. A body that is drawn again is prepared once: it must stay the same
  /// object, alive and unchanged, until another one is drawn. `sites`: of the body, as
  /// choose_view() takes them. Throws std::invalid_argument for spans of other sizes.
  void draw(const mjModel_& body, std::span<const double> position, std::span<uint8_t> rgb,
            const Placed& placed = {}, std::span<const int> sites = {});

 private:
  class Stage;  // one body and what is needed to draw it
  class Canvas;

  int width_, height_;
  Quality quality_;
  std::unique_ptr<Canvas> canvas_;
  std::unique_ptr<Stage> stage_;
};

}  // namespace reverie
