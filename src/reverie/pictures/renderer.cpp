#include <reverie/pictures/renderer.h>

#include <reverie/core/error.h>
#include <reverie/pictures/gl_context.h>
#include <reverie/pictures/viewpoint.h>

#include <mujoco/mujoco.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace reverie {
namespace {

using Vector = View::Vector;
using ModelPointer = std::unique_ptr<mjModel, void (*)(mjModel*)>;
using DataPointer = std::unique_ptr<mjData, void (*)(mjData*)>;

constexpr double kHorizon = 40;  // how far the ground goes, in radii of the body
constexpr std::array<float, 4> kSky = {0.62f, 0.72f, 0.83f, 1};

/// The level plane that things stand on, and how its pattern repeats.
struct Ground {
  int geom = -1;                   ///< -1: there is none.
  double height = 0;               ///< Metres.
  std::array<double, 2> period{};  ///< Of its pattern, metres; 0: it shows none.
};

/// Finds the ground of the world and makes it reach to the horizon, its pattern as it was. Small
/// planes are tables, and stay.
Ground extend_ground(mjModel& model, double radius) {
  for (int geom = 0; geom < model.ngeom; ++geom) {
    mjtNum* size = model.geom_size + 3 * geom;
    const bool level = std::abs(model.geom_quat[4 * geom]) > 0.999;
    if (model.geom_type[geom] != mjGEOM_PLANE) continue;
    // The side of the squares that it is drawn in: small ones take longer than all the rest.
    size[2] = std::max({size[0], size[1], size[2]});
    if (model.geom_bodyid[geom] != 0 || !level) continue;
    const bool endless = size[0] <= 0 || size[1] <= 0;
    if (!endless && std::min(size[0], size[1]) < 4 * radius) continue;
    Ground ground{geom, model.geom_pos[3 * geom + 2], {}};
    const int material = model.geom_matid[geom];
    for (int k = 0; k < 2; ++k) {
      // MuJoCo cuts an endless plane into 40,000 pieces, which takes it longer than all the rest.
      const double old_size = std::exchange(size[k], kHorizon * radius);
      if (material < 0 || model.mat_texid[material] < 0) continue;
      float& repeat = model.mat_texrepeat[2 * material + k];
      if (repeat <= 0) continue;
      const bool per_metre = model.mat_texuniform[material] || endless;
      ground.period[static_cast<size_t>(k)] = (per_metre ? 2 : 2 * old_size) / repeat;
      repeat = static_cast<float>(2 * size[k] / ground.period[static_cast<size_t>(k)]);
    }
    if (material >= 0) model.mat_texuniform[material] = 0;
    size[2] = size[0];
    return ground;
  }
  return {};
}

/// Lights it evenly: bodies come with one hard light, or none.
void soften_lights(mjModel& model) {
  float brightest = 0;
  for (int light = 0; light < model.nlight; ++light)
    if (model.light_active[light])
      brightest +=
          *std::max_element(model.light_diffuse + 3 * light, model.light_diffuse + 3 * light + 3);
  constexpr float kLights = 0.6f;
  if (brightest > kLights)
    for (int i = 0; i < 3 * model.nlight; ++i) model.light_diffuse[i] *= kLights / brightest;
  auto& head = model.vis.headlight;
  head.active = 1;
  std::fill_n(head.ambient, 3, 0.35f);
  std::fill_n(head.diffuse, 3, brightest > 0 ? 0.3f : 0.6f);
  std::fill_n(head.specular, 3, 0.1f);
}

/// The private copy that is drawn: with room for the image, and settings of the look.
ModelPointer copy_for_drawing(const mjModel& body, int width, int height, bool fine) {
  ModelPointer model(mj_copyModel(nullptr, &body), mj_deleteModel);
  if (!model) throw Error("no memory to draw in");
  mjVisual& look = model->vis;
  look.global.offwidth = width;
  look.global.offheight = height;
  look.quality.offsamples = fine ? 4 : 0;
  look.quality.shadowsize = fine ? 4096 : 1024;
  if (!fine) {
    std::fill_n(model->mat_reflectance, model->nmat, 0.0f);
    look.quality.numslices = 14;
    look.quality.numstacks = 6;
  }
  soften_lights(*model);
  return model;
}

}  // namespace

/// Where it is drawn.
class Renderer::Canvas {
 public:
  Canvas() : gl_(make_gl_context()) { gl_->make_current(); }
  void make_current() { gl_->make_current(); }

 private:
  std::unique_ptr<GlContext> gl_;
};

class Renderer::Stage {
 public:
  Stage(const mjModel& body, int width, int height, Quality quality, const Placed& placed,
        std::span<const int> sites)
      : drawn_(&body),
        model_(copy_for_drawing(body, width, height, quality == Quality::fine)),
        data_(mj_makeData(model_.get()), mj_deleteData) {
    if (!data_) throw Error("no memory to draw in");
    place(placed);
    view_ = choose_view(*model_, *data_, static_cast<double>(width) / height, sites);
    ground_ = extend_ground(*model_, view_.radius);
    dim_the_distance();
    mjv_defaultOption(&option_);
    mjv_defaultScene(&scene_);
    mjr_defaultContext(&context_);
    mjv_defaultCamera(&camera_);
    mjv_makeScene(model_.get(), &scene_, kGeoms);
    mjr_makeContext(model_.get(), &context_, mjFONTSCALE_100);
    mjr_setBuffer(mjFB_OFFSCREEN, &context_);
    if (quality == Quality::fast) scene_.flags[mjRND_REFLECTION] = 0;
    scene_.flags[mjRND_FOG] = 1;
    scene_.flags[mjRND_HAZE] = 0;
  }
  ~Stage() {
    mjr_freeContext(&context_);
    mjv_freeScene(&scene_);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  bool is_of(const mjModel& body) const { return drawn_ == &body; }

  void draw(std::span<const double> position, const Placed& placed, int width, int height,
            uint8_t* bottom_up) {
    if (static_cast<int>(position.size()) != model_->nq)
      throw std::invalid_argument("a pose to draw must have the body's nq positions");
    std::ranges::copy(position, data_->qpos);
    place(placed);
    point_camera();
    mjv_updateScene(model_.get(), data_.get(), &option_, nullptr, &camera_, mjCAT_ALL, &scene_);
    stand_upright();
    move_surroundings();
    add_lines();
    add_sky();
    const mjrRect all{0, 0, width, height};
    mjr_render(all, &scene_, &context_);
    mjr_readPixels(bottom_up, nullptr, all, &context_);
  }

 private:
  static constexpr int kGeoms = 2000;  // of a scene; MuJoCo leaves out what is more

  /// Puts everything where `qpos` says, and what is placed where that says.
  void place(const Placed& placed) {
    const size_t places = 3 * static_cast<size_t>(model_->nmocap);
    if (!placed.mocap.empty() && placed.mocap.size() != places)
      throw std::invalid_argument("what is placed must have a place for each mocap body");
    for (int i = 0; i < model_->nbody; ++i) {
      const int mocap = model_->body_mocapid[i];
      if (mocap < 0) continue;
      const double* at =
          placed.mocap.empty() ? model_->body_pos + 3 * i : placed.mocap.data() + 3 * mocap;
      std::copy_n(at, 3, data_->mocap_pos + 3 * mocap);
    }
    mj_kinematics(model_.get(), data_.get());
    for (const auto& mark : placed.marks)
      std::ranges::copy(mark.at, data_->site_xpos + 3 * mark.site);
    mj_comPos(model_.get(), data_.get());
    mj_camlight(model_.get(), data_.get());
    mj_tendon(model_.get(), data_.get());
  }

  /// How far what is followed has gone along the ground, x and y.
  std::array<double, 2> gone() const {
    if (view_.followed < 0) return {};
    const mjtNum* now = data_->subtree_com + 3 * view_.followed;
    return {now[0] - view_.centre[0], now[1] - view_.centre[1]};
  }

  void point_camera() {
    if (view_.camera >= 0) {
      camera_.type = mjCAMERA_FIXED;
      camera_.fixedcamid = view_.camera;
      return;
    }
    camera_.type = mjCAMERA_FREE;
    camera_.azimuth = view_.azimuth;
    camera_.elevation = view_.elevation;
    camera_.distance = view_.distance;
    std::ranges::copy(view_.look_at, camera_.lookat);
    camera_.lookat[0] += gone()[0];
    camera_.lookat[1] += gone()[1];
  }

  /// Up is where gravity does not pull: a slope, which is gravity from aslant, is seen as one.
  void stand_upright() {
    const mjtNum* gravity = model_->opt.gravity;
    const double strength = std::hypot(gravity[0], gravity[1], gravity[2]);
    if (strength == 0 || view_.camera >= 0) return;
    for (mjvGLCamera& eye : scene_.camera) {
      double along = 0, squared = 0;
      std::array<double, 3> up{};
      for (size_t i = 0; i < 3; ++i) along -= gravity[i] / strength * eye.forward[i];
      for (size_t i = 0; i < 3; ++i) {
        up[i] = -gravity[i] / strength - along * eye.forward[i];
        squared += up[i] * up[i];
      }
      for (size_t i = 0; i < 3; ++i) eye.up[i] = static_cast<float>(up[i] / std::sqrt(squared));
    }
  }

  /// Lets the ground fade into the sky.
  void dim_the_distance() {
    std::ranges::copy(kSky, model_->vis.rgba.fog);
    const double unit = view_.radius / model_->stat.extent;
    model_->vis.map.fogstart = static_cast<float>(0.25 * kHorizon * unit);
    model_->vis.map.fogend = static_cast<float>(0.9 * kHorizon * unit);
    model_->vis.map.zfar = static_cast<float>(3 * kHorizon * unit);
    model_->vis.map.znear = static_cast<float>(0.05 * unit);
  }

  /// Takes the lights and the ground along, so that nobody walks out of them: the lights as they
  /// are, the ground by whole periods of its pattern, which looks as if it stayed.
  void move_surroundings() {
    const std::array<double, 2> by = gone();
    for (int i = 0; i < scene_.nlight; ++i)
      for (size_t k = 0; k < 2 && !scene_.lights[i].headlight; ++k)
        scene_.lights[i].pos[k] += static_cast<float>(by[k]);
    for (int i = 0; i < scene_.ngeom; ++i) {
      mjvGeom& geom = scene_.geoms[i];
      if (geom.objtype != mjOBJ_GEOM || geom.objid != ground_.geom) continue;
      for (size_t k = 0; k < 2; ++k) {
        const double period = ground_.period[k];
        geom.pos[k] += static_cast<float>(period > 0 ? period * std::round(by[k] / period) : by[k]);
      }
    }
  }

  /// A thing that the body has not got; does nothing where the scene is full.
  void add(int type, const Vector& size, const Vector& at, std::span<const mjtNum, 9> frame,
           const std::array<float, 4>& colour) {
    if (scene_.ngeom >= scene_.maxgeom) return;
    mjvGeom& geom = scene_.geoms[scene_.ngeom++];
    mjv_initGeom(&geom, type, size.data(), at.data(), frame.data(), colour.data());
    geom.category = mjCAT_DECOR;
    geom.specular = 0;
  }

  /// The sky is what lies so far off that nothing but haze is seen of it.
  void add_sky() {
    if (std::count(model_->tex_type, model_->tex_type + model_->ntex, mjTEXTURE_SKYBOX) > 0) return;
    const mjvGLCamera& eye = scene_.camera[0];
    const double away = 2 * kHorizon * view_.radius;
    Vector at{};
    std::array<mjtNum, 9> frame{};
    for (size_t i = 0; i < 3; ++i) {
      const size_t j = (i + 1) % 3, k = (i + 2) % 3;
      at[i] = eye.pos[i] + away * eye.forward[i];
      frame[3 * i] = eye.up[j] * eye.forward[k] - eye.up[k] * eye.forward[j];
      frame[3 * i + 1] = eye.up[i];
      frame[3 * i + 2] = eye.forward[i];
    }
    add(mjGEOM_BOX, {2 * away, 2 * away, 1e-3 * away}, at, frame, kSky);
  }

  /// Lines on the ground, one a metre or what suits the body's size, so that a body that is
  /// followed is seen to move. Where there is no ground, one under all that it touches.
  void add_lines() {
    if (view_.followed < 0 || ground_.period[0] > 0) return;
    constexpr std::array<float, 4> kGround = {0.26f, 0.31f, 0.36f, 1};
    constexpr std::array<float, 4> kLine = {0.42f, 0.48f, 0.54f, 1};
    constexpr std::array<mjtNum, 9> kLevel = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    constexpr int kLines = 20;  // to each side
    const double spacing = std::pow(10, std::round(std::log10(view_.radius)));
    const double reach = kHorizon * view_.radius, thickness = 0.015 * spacing;
    Vector middle{};
    for (size_t k = 0; k < 2; ++k)
      middle[k] = spacing * std::round((view_.look_at[k] + gone()[k]) / spacing);
    middle[2] = ground_.geom >= 0 ? ground_.height : view_.lowest - 0.5 * view_.radius;
    if (ground_.geom < 0) add(mjGEOM_PLANE, {reach, reach, 1}, middle, kLevel, kGround);
    for (int i = -kLines; i <= kLines; ++i) {
      for (size_t k = 0; k < 2; ++k) {
        Vector at = middle, size = {reach, reach, 0.1 * thickness};
        at[k] += i * spacing;
        size[k] = thickness;
        add(mjGEOM_BOX, size, at, kLevel, kLine);
      }
    }
  }

  const mjModel* drawn_;
  ModelPointer model_;
  DataPointer data_;
  View view_;
  Ground ground_;
  mjvOption option_;
  mjvScene scene_;
  mjvCamera camera_;
  mjrContext context_;
};

Renderer::Renderer(int width, int height, Quality quality)
    : width_(width), height_(height), quality_(quality) {
  if (width < 1 || height < 1) throw std::invalid_argument("an image needs a size");
  canvas_ = std::make_unique<Canvas>();
}

Renderer::~Renderer() {
  try {
    canvas_->make_current();  // what the stage holds is given back to it
  } catch (const Error&) {
  }
}

void Renderer::draw(const mjModel& body, std::span<const double> position, std::span<uint8_t> rgb,
                    const Placed& placed, std::span<const int> sites) {
  const auto row = static_cast<size_t>(3 * width_);
  if (rgb.size() != row * static_cast<size_t>(height_))
    throw std::invalid_argument("an image to draw into must be height x width x 3");
  canvas_->make_current();
  if (!stage_ || !stage_->is_of(body)) {
    stage_.reset();
    stage_ = std::make_unique<Stage>(body, width_, height_, quality_, placed, sites);
  }
  stage_->draw(position, placed, width_, height_, rgb.data());
  // OpenGL's rows begin at the bottom.
  for (auto top = rgb.begin(), bottom = rgb.end() - static_cast<std::ptrdiff_t>(row); top < bottom;
       top += static_cast<std::ptrdiff_t>(row), bottom -= static_cast<std::ptrdiff_t>(row))
    std::swap_ranges(top, top + static_cast<std::ptrdiff_t>(row), bottom);
}

}  // namespace reverie
