// OpenGL without a screen, for MuJoCo to draw into.
#pragma once

#include <memory>

namespace reverie {

/// An OpenGL context not tied to any window. Its library is loaded when the first context is
/// created, so that nothing else needs it.
class GlContext {
 public:
  virtual ~GlContext() = default;

  /// Makes it the calling thread's current context for GL calls. It must not be current on another
  /// thread. Throws Error.
  virtual void make_current() = 0;
};

/// Creates a context by EGL (on a graphics card where there is one, else Mesa's software renderer),
/// or failing that by OSMesa; the environment variable MUJOCO_GL = egl or osmesa allows only that
/// one. Throws Error, naming the package to install, where neither is available.
std::unique_ptr<GlContext> make_gl_context();

}  // namespace reverie
