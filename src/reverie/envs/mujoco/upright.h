// How upright a body stands, computed from the joints that carry it.
#pragma once

#include <reverie/core/tensor.h>

#include <mujoco/mujoco.h>

#include <array>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace reverie {

/// The cosine of the angle between a body's z axis and the world's: 1 upright, 0 lying, -1 upside
/// down. A function of the positions of the joints between the world and the body (MuJoCo's
/// kinematics, orientations only).
class Upright {
 public:
  /// `body`: its index.
  Upright(const mjModel& model, int body);

  /// A rotation of one frame relative to the previous one, going from the world to the body.
  struct Turn {
    enum class By { fixed, hinge, quaternion } by = By::fixed;
    std::array<double, 4> fixed{};  ///< By this quaternion.
    std::array<double, 3> axis{};   ///< Of a hinge, in the previous frame.
    double reference = 0;           ///< The hinge position of zero rotation.
    int coordinate = 0;             ///< Index in qpos; the first of a quaternion's four.
  };
  const std::vector<Turn>& turns() const { return turns_; }

  double at(std::span<const mjtNum> position) const;

  /// The same for batches: `angle` gives the cosine and sine of a hinge's position minus the
  /// reference, `quaternion` the four numbers (of any norm), all [n]. Differentiable.
  using Angle = std::function<std::pair<Tensor, Tensor>(const Turn&)>;
  using Quaternion = std::function<std::array<Tensor, 4>(const Turn&)>;
  /// [n]; undefined where no joint turns the body.
  Tensor at(const Angle& angle, const Quaternion& quaternion) const;

 private:
  std::vector<Turn> turns_;
};

}  // namespace reverie
