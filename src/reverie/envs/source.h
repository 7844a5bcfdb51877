// Where quantities are read: in a measurement and, as far as they can be told, in an observation.
#pragma once

#include <reverie/envs/task_description.h>

#include <memory>
#include <optional>
#include <vector>

namespace reverie {

/// Whose columns a batch of rows has.
enum class Seen { by_simulator, by_agent };

/// A part of the observation, and where it stands.
struct ObservedColumns {
  ObservedPart part;
  Columns measured;
  std::optional<Columns> minus;
  Columns observed;
};

/// Columns of an observation: stretches one after another, as parts of it show them; none: it
/// doesn't.
using Stretches = std::vector<Columns>;

/// How an observation shows angles: themselves, or their cosines and their sines.
struct ObservedAngle {
  Stretches value = {}, cosine = {}, sine = {};
};

/// How it shows what turns a body.
struct ObservedTurn {
  ObservedAngle hinge = {};
  std::array<int64_t, 4> quaternion{};  ///< Columns.
};

/// Uprightness as observed joints tell it.
struct ObservedUpright {
  Upright upright;
  std::vector<ObservedTurn> turns;  ///< Of each of its turns.

  Tensor at(const Tensor& observation) const;  ///< [n, 1]
};

/// A quantity, or a difference of two.
struct Source {
  Columns measured;
  std::optional<Columns> measured_minus = {};
  Stretches observed = {};  ///< As a value.
  Stretches observed_minus = {};
  std::optional<ObservedAngle> angle = {};              ///< By its cosine and sine, else.
  std::shared_ptr<const ObservedUpright> upright = {};  ///< By joints' positions, else.
  double observed_clip = infinity;    ///< The observed is the measured, clipped to this.
  std::vector<Quantity> unseen = {};  ///< Which of the two are not observed.

  bool told() const { return !observed.empty() || angle || upright; }
  /// Whether it is columns of rows as they are.
  bool plain(Seen seen) const {
    return seen == Seen::by_simulator ? !measured_minus
                                      : !observed.empty() && observed_minus.empty();
  }
  /// [n, count] of rows of a measurement, or of an observation that tells it, but by its angle
  /// alone.
  Tensor components(Seen seen, const Tensor& rows) const;
};

/// Finds quantities among what is observed. Refers to both: they outlive it.
class SourceFinder {
 public:
  SourceFinder(const MeasurementLayout& layout, const std::vector<ObservedColumns>& parts)
      : layout_(layout), parts_(parts) {}

  /// `angles`: whether cosine and sine are as good as the value. Throws UsageError where the two
  /// have not as many numbers.
  Source find(const Quantity& quantity, const std::optional<Quantity>& minus,
              bool angles = false) const;

 private:
  /// Where such functions of what is measured (less the other) are observed, each number in the
  /// part that clips it least; `clip` falls to the least of these parts' clips.
  Stretches find(ObservedPart::Function function, const Columns& measured,
                 const std::optional<Columns>& minus, double& clip) const;
  Stretches value(const Columns& measured, double& clip) const;
  std::optional<ObservedAngle> angle(const Columns& measured) const;
  std::shared_ptr<const ObservedUpright> upright(const Quantity& quantity, double& clip) const;

  const MeasurementLayout& layout_;
  const std::vector<ObservedColumns>& parts_;
};

/// Throws UsageError where the two of a difference have not as many numbers.
void require_match(const Quantity& quantity, const Columns& columns, const Quantity& minus,
                   const Columns& subtracted);

}  // namespace reverie
