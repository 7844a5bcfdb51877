#include <reverie/pictures/gl_context.h>

#include <reverie/core/error.h>

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {
namespace {

/// A library that is loaded at run time. Its names are made global, since MuJoCo finds the GL
/// functions by them.
class Library {
 public:
  explicit Library(const char* file) : handle_(::dlopen(file, RTLD_NOW | RTLD_GLOBAL)) {
    if (!handle_) throw Error(fmt::format("no {}", file));
  }
  ~Library() { ::dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <class Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (!function) throw Error(fmt::format("no {} in the GL library", name));
  }

 private:
  void* handle_;
};

// The little of EGL and OSMesa that is used is declared here: the program then builds where neither
// is installed. Names and numbers are those of the Khronos and Mesa headers.

/// EGL, without surfaces: MuJoCo draws into a buffer of its own.
class Egl {
 public:
  using Display = void*;
  using Context = void*;
  using Config = void*;
  using Surface = void*;
  using Integer = int32_t;

  Egl() : library_("libEGL.so.1") {
    library_.find("eglGetProcAddress", get_address_);
    library_.find("eglInitialize", initialize_);
    library_.find("eglTerminate", terminate_);
    library_.find("eglBindAPI", bind_api_);
    library_.find("eglChooseConfig", choose_config_);
    library_.find("eglCreateContext", create_context_);
    library_.find("eglDestroyContext", destroy_context_);
    library_.find("eglMakeCurrent", make_current_);
    // Some drivers complain of each card that they cannot open, on standard error.
    ::setenv("EGL_LOG_LEVEL", "fatal", 0);
    open_display();
  }

  Context make_context() {
    constexpr std::array<Integer, 7> wanted = {kRenderableType, kOpenGlBit,  kDepthSize, 24,
                                               kSurfaceType,    kPbufferBit, kNone};
    Config config = nullptr;
    Integer found = 0;
    if (!bind_api_(kOpenGlApi) || !choose_config_(display_, wanted.data(), &config, 1, &found) ||
        found == 0)
      throw Error("EGL offers no OpenGL");
    Context context = create_context_(display_, config, nullptr, nullptr);
    if (!context) throw Error("EGL makes no OpenGL context");
    return context;
  }
  void destroy(Context context) {
    make_current_(display_, nullptr, nullptr, nullptr);
    destroy_context_(display_, context);
  }
  bool make_current(Context context) {
    return bind_api_(kOpenGlApi) && make_current_(display_, nullptr, nullptr, context);
  }

 private:
  using GetPlatformDisplay = Display(unsigned platform, void* native, const Integer* attributes);
  using QueryDevices = unsigned(Integer most, void** devices, Integer* count);

  static constexpr Integer kNone = 0x3038, kDepthSize = 0x3025, kSurfaceType = 0x3033,
                           kPbufferBit = 0x0001, kRenderableType = 0x3040, kOpenGlBit = 0x0008;
  static constexpr unsigned kOpenGlApi = 0x30A2, kPlatformDevice = 0x313F,
                            kPlatformSurfaceless = 0x31DD;

  bool usable(Display display) {
    Integer major = 0, minor = 0;
    if (!display || !initialize_(display, &major, &minor)) return false;
    display_ = display;
    try {
      destroy(make_context());
      return true;
    } catch (const Error&) {
      terminate_(display);
      return false;
    }
  }

  /// The first of the machine's devices that works (a graphics card comes before Mesa's software),
  /// or else Mesa's platform without a display. The default display would be that of a screen.
  void open_display() {
    const auto get_display =
        reinterpret_cast<GetPlatformDisplay*>(get_address_("eglGetPlatformDisplayEXT"));
    const auto query_devices = reinterpret_cast<QueryDevices*>(get_address_("eglQueryDevicesEXT"));
    if (!get_display) throw Error("an EGL that needs a screen");
    std::array<void*, 16> devices{};
    Integer count = 0;
    if (query_devices) query_devices(static_cast<Integer>(devices.size()), devices.data(), &count);
    for (Integer i = 0; i < count; ++i)
      if (usable(get_display(kPlatformDevice, devices[static_cast<size_t>(i)], nullptr))) return;
    if (!usable(get_display(kPlatformSurfaceless, nullptr, nullptr)))
      throw Error("an EGL without a driver");
  }

  Library library_;
  Display display_ = nullptr;
  void* (*get_address_)(const char*);
  unsigned (*initialize_)(Display, Integer*, Integer*);
  unsigned (*terminate_)(Display);
  unsigned (*bind_api_)(unsigned);
  unsigned (*choose_config_)(Display, const Integer*, Config*, Integer, Integer*);
  Context (*create_context_)(Display, Config, Context share, const Integer*);
  unsigned (*destroy_context_)(Display, Context);
  unsigned (*make_current_)(Display, Surface draw, Surface read, Context);
};

class EglContext : public GlContext {
 public:
  explicit EglContext(Egl& egl) : egl_(egl), context_(egl.make_context()) {}
  ~EglContext() override { egl_.destroy(context_); }
  void make_current() override {
    if (!egl_.make_current(context_)) throw Error("cannot draw: EGL does not give its context");
  }

 private:
  Egl& egl_;
  Egl::Context context_;
};

/// Mesa's software alone, in one library.
class OsMesa {
 public:
  OsMesa() : library_("libOSMesa.so.8") {
    library_.find("OSMesaCreateContextExt", create_context);
    library_.find("OSMesaDestroyContext", destroy_context);
    library_.find("OSMesaMakeCurrent", make_current);
  }

  static constexpr unsigned kRgba = 0x1908, kUnsignedByte = 0x1401;
  void* (*create_context)(unsigned format, int depth, int stencil, int accumulation, void* share);
  void (*destroy_context)(void* context);
  unsigned char (*make_current)(void* context, void* buffer, unsigned type, int width, int height);

 private:
  Library library_;
};

class OsMesaContext : public GlContext {
 public:
  explicit OsMesaContext(OsMesa& mesa)
      : mesa_(mesa), context_(mesa.create_context(OsMesa::kRgba, 24, 8, 0, nullptr)) {
    if (!context_) throw Error("OSMesa makes no context");
  }
  ~OsMesaContext() override { mesa_.destroy_context(context_); }
  void make_current() override {
    if (!mesa_.make_current(context_, unused_.data(), OsMesa::kUnsignedByte, kSide, kSide))
      throw Error("cannot draw: OSMesa does not give its context");
  }

 private:
  static constexpr int kSide = 16;  // of the window that it insists on

  OsMesa& mesa_;
  void* context_;
  std::vector<unsigned char> unused_ = std::vector<unsigned char>(4 * kSide * kSide);
};

/// One of the two libraries, whichever works; never both, whose functions have the same names.
struct Loaded {
  Loaded() {
    const char* chosen = std::getenv("MUJOCO_GL");
    const std::string_view only = chosen ? chosen : "";
    std::string reasons;
    const auto attempt = [&](std::string_view name, auto& library) {
      if (egl || mesa || (only != name && (only == "egl" || only == "osmesa"))) return;
      try {
        library = std::make_unique<typename std::decay_t<decltype(library)>::element_type>();
      } catch (const Error& error) {
        reasons += (reasons.empty() ? "" : ", ") + std::string(error.what());
      }
    };
    attempt("egl", egl);
    attempt("osmesa", mesa);
    if (!egl && !mesa)
      throw Error(
          fmt::format("cannot draw: found {}; install libegl1 and libgl1-mesa-dri, or "
                      "libosmesa6 (Debian's names)",
                      reasons));
  }

  std::unique_ptr<Egl> egl;
  std::unique_ptr<OsMesa> mesa;
};

}  // namespace

std::unique_ptr<GlContext> make_gl_context() {
  // Never unloaded: MuJoCo keeps the addresses of its functions.
  static auto* const loaded = new Loaded;
  if (loaded->egl) return std::make_unique<EglContext>(*loaded->egl);
  return std::make_unique<OsMesaContext>(*loaded->mesa);
}

}  // namespace reverie
