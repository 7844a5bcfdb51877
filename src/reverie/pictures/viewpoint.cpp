#include <reverie/pictures/viewpoint.h>

#include <reverie/core/error.h>
#include <reverie/core/random.h>
#include <reverie/envs/mujoco/body.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

namespace reverie {
namespace {

using Vector = View::Vector;

constexpr double kDegree = 180 / std::numbers::pi;  // in a radian
constexpr double kFar = 8;                          // radii of a body: an image doesn't show more
constexpr double kNear = 5;  // radii: as far as sites may lie from what is followed

Vector vector(const mjtNum* from) {
  return {from[0], from[1], from[2]};
}

double dot(const Vector& a, const Vector& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/// A box around things, edges along the axes.
struct Bounds {
  Vector low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};

  void include(const Vector& centre, double radius) {
    for (size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], centre[i] - radius);
      high[i] = std::max(high[i], centre[i] + radius);
    }
  }
  void include(const Bounds& other) {
    for (size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], other.low[i]);
      high[i] = std::max(high[i], other.high[i]);
    }
  }
  /// As wide along the ground in one direction as in the other; and not much less than tall.
  void free_to_turn() {
    const Vector middle = centre();
    const double half =
        std::max({high[0] - low[0], high[1] - low[1], 0.6 * (high[2] - low[2])}) / 2;
    for (size_t i = 0; i < 2; ++i) low[i] = middle[i] - half, high[i] = middle[i] + half;
  }
  /// As high above `height` as it is deep below.
  void level_about(double height) {
    const double most = std::max(std::abs(high[2] - height), std::abs(low[2] - height));
    low[2] = height - most, high[2] = height + most;
  }
  Vector centre() const {
    return {(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2};
  }
  double radius() const {
    return std::hypot(high[0] - low[0], high[1] - low[1], high[2] - low[2]) / 2;
  }
};

void include_geom(Bounds& bounds, const mjModel& model, const mjData& data, int geom) {
  const Vector centre = vector(data.geom_xpos + 3 * geom);
  if (model.geom_type[geom] != mjGEOM_CAPSULE) {
    bounds.include(centre, model.geom_rbound[geom]);
    return;
  }
  // The sphere around a long capsule is mostly air: its ends are what matters.
  const mjtNum* size = model.geom_size + 3 * geom;
  const mjtNum* frame = data.geom_xmat + 9 * geom;
  for (const double side : {-1.0, 1.0}) {
    Vector end = centre;
    for (size_t i = 0; i < 3; ++i) end[i] += side * size[1] * frame[3 * i + 2];
    bounds.include(end, size[0]);
  }
}

/// Of what is seen of the tree of bodies that hangs on `root`; 0, the world: of all things.
Bounds bounds_of(const mjModel& model, const mjData& data, int root) {
  Bounds bounds;
  for (int geom = 0; geom < model.ngeom; ++geom) {
    if (model.geom_type[geom] == mjGEOM_PLANE || model.geom_type[geom] == mjGEOM_HFIELD) continue;
    if (model.geom_rgba[4 * geom + 3] == 0 || model.geom_group[geom] > 2) continue;  // not seen
    if (root == 0 || model.body_rootid[model.geom_bodyid[geom]] == model.body_rootid[root])
      include_geom(bounds, model, data, geom);
  }
  if (bounds.low[0] > bounds.high[0])
    bounds.include(vector(model.stat.center), model.stat.extent / 2);
  return bounds;
}

/// Whether a joint is a slide between limits that an image can show.
bool slides_within(const mjModel& model, int joint, double radius) {
  const mjtNum* range = model.jnt_range + 2 * joint;
  return model.jnt_type[joint] == mjJNT_SLIDE && model.jnt_limited[joint] &&
         range[1] - range[0] <= kFar * radius;
}

/// Makes room for wherever the joints of a body that stays can take it, and for the sites that it
/// may have to reach.
void include_reach(Bounds& bounds, const mjModel& model) {
  constexpr int kPoses = 100;
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(&model), mj_deleteData);
  if (!data) throw Error("no memory to draw in");
  RandomStream random(1, "poses within reach");
  const double radius = bounds.radius();
  for (int pose = 0; pose < kPoses; ++pose) {
    for (int joint = 0; joint < model.njnt; ++joint) {
      const mjtNum* range = model.jnt_range + 2 * joint;
      mjtNum& position = data->qpos[model.jnt_qposadr[joint]];
      if (slides_within(model, joint, radius)) position = random.uniform(range[0], range[1]);
      if (model.jnt_type[joint] != mjJNT_HINGE) continue;
      constexpr double kPi = std::numbers::pi;
      const bool limited = model.jnt_limited[joint];
      position = limited ? random.uniform(range[0], range[1]) : random.uniform(-kPi, kPi);
    }
    mj_kinematics(&model, data.get());
    bounds.include(bounds_of(model, *data, 0));
    for (int site = 0; site < model.nsite; ++site)
      bounds.include(vector(data->site_xpos + 3 * site), 0);
  }
}

/// Whether a body can move along the ground by more than an image would show. `radius`: its own.
bool can_leave(const mjModel& model, const mjData& data, int body, double radius) {
  for (int k = 0; k < model.body_jntnum[body]; ++k) {
    const int joint = model.body_jntadr[body] + k;
    if (model.jnt_type[joint] == mjJNT_FREE) return true;
    const bool along_ground = std::abs(data.xaxis[3 * joint + 2]) < 0.5;
    const mjtNum* range = model.jnt_range + 2 * joint;
    const bool far = !model.jnt_limited[joint] || range[1] - range[0] > kFar * radius;
    if (model.jnt_type[joint] == mjJNT_SLIDE && along_ground && far) return true;
  }
  return false;
}

/// The bodies that move against the world, each with what hangs on it.
std::vector<int> movers(const mjModel& model) {
  std::vector<int> found;
  for (int body = 1; body < model.nbody; ++body)
    if (model.body_weldid[body] != 0 && model.body_weldid[model.body_parentid[body]] == 0)
      found.push_back(body);
  return found;
}

bool is_driven(const mjModel& model, int mover) {
  for (int actuator = 0; actuator < actuator_count(model); ++actuator) {
    const int type = model.actuator_trntype[actuator], id = model.actuator_trnid[2 * actuator];
    int body = 0;
    if (type == mjTRN_JOINT || type == mjTRN_JOINTINPARENT) body = model.jnt_bodyid[id];
    if (type == mjTRN_SITE) body = model.site_bodyid[id];
    if (body > 0 && model.body_rootid[body] == model.body_rootid[mover]) return true;
  }
  return false;
}

/// The mover that acts: the first with an actuator, or the first; 0: nothing moves.
int main_mover(const mjModel& model) {
  const std::vector<int> all = movers(model);
  const auto driven = std::ranges::find_if(all, [&](int body) { return is_driven(model, body); });
  return driven != all.end() ? *driven : all.empty() ? 0 : all.front();
}

/// How long a string ties two trees of bodies together: metres; 0: none does.
double string_between(const mjModel& model, int one, int other) {
  double longest = 0;
  for (int tendon = 0; tendon < model.ntendon; ++tendon) {
    bool has_one = false, has_other = false;
    for (int k = 0; k < model.tendon_num[tendon]; ++k) {
      const int wrap = model.tendon_adr[tendon] + k;
      if (model.wrap_type[wrap] != mjWRAP_SITE) continue;
      const int root = model.body_rootid[model.site_bodyid[model.wrap_objid[wrap]]];
      has_one = has_one || root == model.body_rootid[one];
      has_other = has_other || root == model.body_rootid[other];
    }
    if (has_one && has_other && model.tendon_limited[tendon])
      longest = std::max(longest, static_cast<double>(model.tendon_range[2 * tendon + 1]));
  }
  return longest;
}

/// Makes room for what moves beside what is followed, and for the sites near it.
void include_company(Bounds& bounds, const mjModel& model, const mjData& data, int followed,
                     std::span<const int> sites) {
  const Vector middle = bounds.centre();
  const double near = kNear * bounds.radius();
  for (const int body : movers(model)) {
    if (model.body_rootid[body] == model.body_rootid[followed]) continue;
    const Bounds its_own = bounds_of(model, data, body);
    bounds.include(its_own);
    // A ball on a string may be all around.
    if (const double length = string_between(model, followed, body); length > 0)
      bounds.include(middle, length + its_own.radius());
  }
  for (const int site : sites) {
    const Vector place = vector(data.site_xpos + 3 * site);
    if (std::hypot(place[0] - middle[0], place[1] - middle[1], place[2] - middle[2]) < near)
      bounds.include(place, 0);
  }
}

/// The axis of the plane that slides alone span; zero where they span none, or more.
Vector plane_of_slides(const mjModel& model, const mjData& data, int root) {
  Vector first{}, normal{};
  for (int joint = 0; joint < model.njnt; ++joint) {
    if (model.body_rootid[model.jnt_bodyid[joint]] != model.body_rootid[root]) continue;
    if (model.jnt_type[joint] != mjJNT_SLIDE) return {};
    const Vector mine = vector(data.xaxis + 3 * joint);
    if (first == Vector{}) first = mine;
    if (normal != Vector{} && std::abs(dot(normal, mine)) > 0.1) return {};
    Vector across{};
    mju_cross(across.data(), first.data(), mine.data());
    const double length = std::sqrt(dot(across, across));
    if (normal == Vector{} && length > 0.1)
      for (size_t i = 0; i < 3; ++i) normal[i] = across[i] / length;
  }
  return normal;
}

/// The axis that all hinges of a tree of bodies share, or that of the plane that its slides span;
/// zero where there is none.
Vector common_axis(const mjModel& model, const mjData& data, int root) {
  Vector axis{};
  for (int joint = 0; joint < model.njnt; ++joint) {
    if (model.body_rootid[model.jnt_bodyid[joint]] != model.body_rootid[root]) continue;
    if (model.jnt_type[joint] == mjJNT_SLIDE) continue;
    if (model.jnt_type[joint] != mjJNT_HINGE) return {};
    const Vector mine = vector(data.xaxis + 3 * joint);
    const double along = dot(axis, mine);
    const bool first = axis == Vector{};
    if (!first && std::abs(along) < 0.99) return {};
    if (first) axis = mine;
  }
  return axis != Vector{} ? axis : plane_of_slides(model, data, root);
}

/// How far to stand off so that all of `bounds` is in the image.
double distance_to_see(const Bounds& bounds, const View& view, double degrees_high, double aspect) {
  // Of the image. What runs stretches further than it stands.
  const double filled = view.followed >= 0 ? 0.75 : 0.85;
  const double up = filled * std::tan(degrees_high / 2 / kDegree), across = up * aspect;
  const double turn = view.azimuth / kDegree, tilt = view.elevation / kDegree;
  const Vector forward = {std::cos(tilt) * std::cos(turn), std::cos(tilt) * std::sin(turn),
                          std::sin(tilt)};
  const Vector right = {std::sin(turn), -std::cos(turn), 0};
  const Vector upward = {-std::sin(tilt) * std::cos(turn), -std::sin(tilt) * std::sin(turn),
                         std::cos(tilt)};
  double distance = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Vector from_centre{};
    for (size_t i = 0; i < 3; ++i)
      from_centre[i] = ((corner >> i & 1) ? 0.5 : -0.5) * (bounds.high[i] - bounds.low[i]);
    const double sideways = std::abs(dot(from_centre, right)) / across;
    const double height = std::abs(dot(from_centre, upward)) / up;
    distance = std::max(distance, std::max(sideways, height) - dot(from_centre, forward));
  }
  return distance;
}

}  // namespace

View choose_view(const mjModel& model, const mjData& data, double aspect,
                 std::span<const int> sites) {
  View view;
  view.camera = mj_name2id(&model, mjOBJ_CAMERA, "watch");
  const int root = main_mover(model);
  const Bounds mover = bounds_of(model, data, root);
  if (root > 0 && can_leave(model, data, root, mover.radius())) view.followed = root;
  Bounds bounds = view.followed >= 0 ? mover : bounds_of(model, data, 0);
  if (view.followed < 0)
    include_reach(bounds, model);
  else if (std::count(model.geom_type, model.geom_type + model.ngeom, mjGEOM_PLANE) == 0)
    // What hangs in the air may swing as far up as down.
    bounds.level_about(data.xpos[3 * root + 2]);
  if (view.followed >= 0) include_company(bounds, model, data, root, sites);
  view.look_at = bounds.centre();
  if (view.followed >= 0) view.centre = vector(data.subtree_com + 3 * view.followed);
  view.radius = bounds.radius();
  view.lowest = bounds.low[2];
  if (view.camera >= 0) {
    const Vector eye = vector(data.cam_xpos + 3 * view.camera);
    double squared = 0;
    for (size_t i = 0; i < 3; ++i) squared += std::pow(eye[i] - view.look_at[i], 2);
    view.radius = std::max(view.radius, std::sqrt(squared) / 3);
    return view;
  }
  const Vector axis = common_axis(model, data, root);
  if (std::abs(axis[2]) > 0.9) {
    view.elevation = -65;
  } else if (axis != Vector{} && std::abs(axis[2]) < 0.1) {
    // Looks along the axis, from the side where most bodies have x to the right.
    const double away = axis[1] < 0 || (axis[1] == 0 && axis[0] < 0) ? -1 : 1;
    view.azimuth = std::atan2(away * axis[1], away * axis[0]) * kDegree + 12;
    view.elevation = -12;
  } else {
    view.azimuth = 125;
    view.elevation = -22;
    bounds.free_to_turn();
  }
  view.distance = distance_to_see(bounds, view, model.vis.global.fovy, aspect);
  return view;
}

}  // namespace reverie
