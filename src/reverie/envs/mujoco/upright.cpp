#include <reverie/envs/mujoco/upright.h>

#include <cmath>
#include <optional>

namespace reverie {
namespace {

// The world's up as the frames see it one after the other, u <- R^T u. Numbers are doubles or
// tensors [n]; before the first joint, up is three constants.
template <class Number>
using Vector = std::array<Number, 3>;

template <class A, class B>
auto dot(const Vector<A>& a, const Vector<B>& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

template <class A, class B>
auto cross(const Vector<A>& a, const Vector<B>& b, size_t i) {
  const size_t j = (i + 1) % 3, k = (i + 2) % 3;
  return a[j] * b[k] - a[k] * b[j];
}

/// Rodrigues' formula, backwards.
template <class U, class Number>
Vector<Number> turn_back(const Vector<U>& up, const Vector<double>& axis, const Number& cosine,
                         const Number& sine) {
  const U along = dot(up, axis);
  Vector<Number> turned;
  for (size_t i = 0; i < 3; ++i)
    turned[i] = (up[i] - along * axis[i]) * cosine - cross(axis, up, i) * sine + along * axis[i];
  return turned;
}

/// By the quaternion q divided by its length.
template <class U, class Number>
Vector<Number> turn_back(const Vector<U>& up, const std::array<Number, 4>& q) {
  const Vector<Number> v = {q[1], q[2], q[3]};
  const Number whole = q[0] * q[0], rest = dot(v, v), along = dot(v, up);
  Vector<Number> turned;
  for (size_t i = 0; i < 3; ++i)
    turned[i] = ((whole - rest) * up[i] + v[i] * along * 2.0 - q[0] * cross(v, up, i) * 2.0) /
                (whole + rest);
  return turned;
}

/// By a constant quaternion of length 1, tensors or doubles.
template <class U>
Vector<U> turn_back_fixed(const Vector<U>& up, const std::array<double, 4>& q) {
  mjtNum matrix[9];
  mju_quat2Mat(matrix, q.data());
  Vector<U> turned;
  for (size_t i = 0; i < 3; ++i)
    turned[i] = up[0] * matrix[i] + up[1] * matrix[3 + i] + up[2] * matrix[6 + i];
  return turned;
}

/// Undefined where no joint turns the body: it is `constant[2]` then.
template <class Number, class Angle, class Quaternion>
std::optional<Number> height(const std::vector<Upright::Turn>& turns, const Angle& angle,
                             const Quaternion& quaternion, Vector<double>& constant) {
  using By = Upright::Turn::By;
  std::optional<Vector<Number>> up;
  for (const Upright::Turn& turn : turns) {
    if (turn.by == By::fixed) {
      if (up)
        up = turn_back_fixed(*up, turn.fixed);
      else
        constant = turn_back_fixed(constant, turn.fixed);
    } else if (turn.by == By::hinge) {
      const auto [cosine, sine] = angle(turn);
      up = up ? turn_back(*up, turn.axis, cosine, sine)
              : turn_back(constant, turn.axis, cosine, sine);
    } else {
      const auto q = quaternion(turn);
      up = up ? turn_back(*up, q) : turn_back(constant, q);
    }
  }
  return up ? std::optional<Number>((*up)[2]) : std::nullopt;
}

}  // namespace

Upright::Upright(const mjModel& model, int body) {
  std::vector<int> chain;
  for (; body > 0; body = model.body_parentid[body]) chain.insert(chain.begin(), body);
  for (const int link : chain) {
    const int first = model.body_jntadr[link], joints = model.body_jntnum[link];
    const bool is_free = joints > 0 && model.jnt_type[first] == mjJNT_FREE;
    const mjtNum* fixed = model.body_quat + 4 * link;
    // A free joint says how its body lies, whatever stands in the MJCF.
    if (!is_free && fixed[0] != 1)
      turns_.push_back({.by = Turn::By::fixed, .fixed = {fixed[0], fixed[1], fixed[2], fixed[3]}});
    for (int joint = first; joint < first + joints; ++joint) {
      const int type = model.jnt_type[joint], coordinate = model.jnt_qposadr[joint];
      const mjtNum* axis = model.jnt_axis + 3 * joint;
      if (type == mjJNT_HINGE)
        turns_.push_back({.by = Turn::By::hinge,
                          .axis = {axis[0], axis[1], axis[2]},
                          .reference = model.qpos0[coordinate],
                          .coordinate = coordinate});
      if (type == mjJNT_FREE || type == mjJNT_BALL)
        turns_.push_back(
            {.by = Turn::By::quaternion, .coordinate = coordinate + (type == mjJNT_FREE ? 3 : 0)});
    }
  }
}

double Upright::at(std::span<const mjtNum> position) const {
  const auto coordinate = [&](const Turn& turn, int i = 0) {
    return position[static_cast<size_t>(turn.coordinate + i)];
  };
  const auto angle = [&](const Turn& turn) {
    const double turned = coordinate(turn) - turn.reference;
    return std::pair(std::cos(turned), std::sin(turned));
  };
  const auto quaternion = [&](const Turn& turn) {
    return std::array<double, 4>{coordinate(turn, 0), coordinate(turn, 1), coordinate(turn, 2),
                                 coordinate(turn, 3)};
  };
  Vector<double> constant = {0, 0, 1};
  return height<double>(turns_, angle, quaternion, constant).value_or(constant[2]);
}

Tensor Upright::at(const Angle& angle, const Quaternion& quaternion) const {
  Vector<double> constant = {0, 0, 1};
  return height<Tensor>(turns_, angle, quaternion, constant).value_or(Tensor());
}

}  // namespace reverie
