// Off-screen rendering of MuJoCo bodies.
#pragma once

#include <reverie/envs/simulation.h>

#include <cstdint>
#include <memory>
#include <span>

namespace reverie {

/// Draws bodies into images of one size, each from its best viewpoint (see viewpoint.h). Up is
/// opposite to gravity, so that a slope looks like one, except with an MJCF's own camera.
///
/// The image depends only on body, pose, size and quality. Use only on the thread that created it.
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

  /// Draws `body` with its joints at `position` [nq], and the `placed` objects, into `rgb` [height,
  /// width, 3], top row first. A body drawn repeatedly is prepared once: it must stay the same
  /// object, alive and unchanged, until another one is drawn. `sites`: sites of the body, as for
  /// choose_view(). Throws std::invalid_argument for spans of other sizes.
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
