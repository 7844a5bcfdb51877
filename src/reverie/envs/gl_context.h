// OpenGL without a screen: what MuJoCo draws into.
#pragma once

#include <memory>

namespace reverie {

/// An OpenGL context of its own, not tied to any window. Its library is loaded when the first one
/// is made, so that nothing else needs it.
class GlContext {
 public:
  virtual ~GlContext() = default;

  /// Makes it the calling thread's: GL calls of this thread go there from now on. It must be no
  /// other thread's at the time. Throws Error.
  virtual void make_current() = 0;
};

/// A context by EGL (on a graphics card where there is one, else by Mesa's software), or else by
/// OSMesa; the environment variable MUJOCO_GL = egl or osmesa allows one of them alone. Throws
/// Error, naming the package to install, where none can be had.
std::unique_ptr<GlContext> make_gl_context();

}  // namespace reverie
