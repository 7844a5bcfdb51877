// Where quantities are read: in a measurement and, where possible, in an observation.
#pragma once

#include <reverie/envs/mujoco/task_description.h>

#include <memory>
#include <optional>
#include <vector>

namespace reverie {

/// Whether rows are the simulator's measurements or an agent's observations.
enum class Seen { by_simulator, by_agent };

/// A part of the observation, and its columns.
struct ObservedColumns {
  ObservedPart part;
  Columns measured;
  std::optional<Columns> minus;
  Columns observed;
};

/// Where an observation shows a quantity: stretches of its columns, in order; empty: nowhere.
using Stretches = std::vector<Columns>;

/// How an observation shows angles: as values, or as cosines and sines.
struct ObservedAngle {
  Stretches value = {}, cosine = {}, sine = {};
};

/// How an observation shows a rotation (Upright::Turn).
struct ObservedTurn {
  ObservedAngle hinge = {};
  std::array<int64_t, 4> quaternion{};  ///< Columns.
};

/// Uprightness computed from observed joints.
struct ObservedUpright {
  Upright upright;
  std::vector<ObservedTurn> turns;  ///< One for each of upright.turns().

  Tensor at(const Tensor& observation) const;  ///< [n, 1]
};

/// A quantity, or a difference of two.
struct Source {
  Columns measured;
  std::optional<Columns> measured_minus = {};
  Stretches observed = {};  ///< As a value.
  Stretches observed_minus = {};
  std::optional<ObservedAngle> angle = {};              ///< Otherwise: as cosine and sine.
  std::shared_ptr<const ObservedUpright> upright = {};  ///< Otherwise: from joint positions.
  double observed_clip = infinity;    ///< The observed value is the measured one clipped to this.
  std::vector<Quantity> unseen = {};  ///< Which of the two are not observed.

  bool told() const { return !observed.empty() || angle || upright; }
  /// Whether it is simply columns of the rows.
  bool plain(Seen seen) const {
    return seen == Seen::by_simulator ? !measured_minus
                                      : !observed.empty() && observed_minus.empty();
  }
  /// Returns the components [n, count] from rows of measurements, or of observations that show it
  /// other than by `angle` alone.
  Tensor components(Seen seen, const Tensor& rows) const;
};

/// Finds quantities in measurement and observation. Keeps references to both constructor arguments,
/// which must outlive it.
class SourceFinder {
 public:
  SourceFinder(const MeasurementLayout& layout, const std::vector<ObservedColumns>& parts)
      : layout_(layout), parts_(parts) {}

  /// `angles`: whether cosine and sine will do instead of the value. Throws UsageError where
  /// `quantity` and `minus` differ in size.
  Source find(const Quantity& quantity, const std::optional<Quantity>& minus,
              bool angles = false) const;

 private:
  /// Where `function` of the measured columns (minus the others) is observed, each number in the
  /// part that clips it least; lowers `clip` to the smallest clip of these parts.
  Stretches find(ObservedPart::Function function, const Columns& measured,
                 const std::optional<Columns>& minus, double& clip) const;
  Stretches value(const Columns& measured, double& clip) const;
  std::optional<ObservedAngle> angle(const Columns& measured) const;
  std::shared_ptr<const ObservedUpright> upright(const Quantity& quantity, double& clip) const;

  const MeasurementLayout& layout_;
  const std::vector<ObservedColumns>& parts_;
};

/// Throws UsageError where the two sides of a difference differ in size.
void require_match(const Quantity& quantity, const Columns& columns, const Quantity& minus,
                   const Columns& subtracted);

}  // namespace reverie
