#include <reverie/envs/quantity.h>

#include <reverie/core/error.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace reverie {
namespace {

using Kind = Quantity::Kind;

/// What a kind of quantity is called, belongs to and is read from.
struct KindFacts {
  const char* noun;
  mjtObj owner;
  int width;  ///< Numbers of each owner; 0: it depends.
};

KindFacts facts(Kind kind) {
  switch (kind) {
    case Kind::position:
      return {"positions", mjOBJ_JOINT, 0};
    case Kind::velocity:
      return {"velocity", mjOBJ_JOINT, 0};
    case Kind::body_position:
      return {"position", mjOBJ_BODY, 3};
    case Kind::site_position:
      return {"position", mjOBJ_SITE, 3};
    case Kind::geom_position:
      return {"position", mjOBJ_GEOM, 3};
    case Kind::center_of_mass:
      return {"the center of mass", mjOBJ_BODY, 3};
    case Kind::center_velocity:
      return {"velocity of the center of mass", mjOBJ_BODY, 3};
    case Kind::inertia:
      return {"inertia", mjOBJ_BODY, 10};
    case Kind::spatial_velocity:
      return {"spatial velocity", mjOBJ_BODY, 6};
    case Kind::contact_force:
      return {"contact force", mjOBJ_BODY, 6};
    case Kind::actuator_force:
      return {"actuator force", mjOBJ_JOINT, 0};
    case Kind::constraint_force:
      return {"constraint force", mjOBJ_JOINT, 0};
    case Kind::sensor:
      return {"sensor", mjOBJ_SENSOR, 0};
  }
  throw std::logic_error("a kind of quantity without facts");
}

int owners(const mjModel& model, mjtObj type) {
  switch (type) {
    case mjOBJ_JOINT:
      return model.njnt;
    case mjOBJ_BODY:
      return model.nbody;
    case mjOBJ_SITE:
      return model.nsite;
    case mjOBJ_GEOM:
      return model.ngeom;
    default:
      return model.nsensor;
  }
}

/// The owner's number; throws UsageError where there is none of that name.
int find_owner(const mjModel& model, const Quantity& quantity) {
  const mjtObj type = facts(quantity.kind).owner;
  const int id = mj_name2id(&model, type, quantity.name.c_str());
  if (id >= 0) return id;
  std::vector<std::string> names;
  for (int i = 0; i < owners(model, type); ++i)
    if (const char* name = mj_id2name(&model, type, i)) names.emplace_back(name);
  throw UsageError(fmt::format("the body has no {} called '{}'{}{}", mju_type2Str(type),
                               quantity.name, did_you_mean(quantity.name, names),
                               names.empty()
                                   ? "; it has none with a name"
                                   : fmt::format(" (it has {})", fmt::join(names, ", "))));
}

/// Of the whole, world and all: one point, not one for each body.
bool is_of_all(const Quantity& quantity) {
  return quantity.name.empty() &&
         (quantity.kind == Kind::center_of_mass || quantity.kind == Kind::center_velocity);
}

/// Columns of a joint's numbers in an array of the positions or of the degrees of freedom.
Columns joint_columns(const mjModel& model, int joint, bool positions) {
  const int count[2][4] = {{6, 3, 1, 1}, {7, 4, 1, 1}};  // free, ball, slide, hinge
  return {positions ? model.jnt_qposadr[joint] : model.jnt_dofadr[joint],
          count[positions][model.jnt_type[joint]]};
}

/// Where the whole quantity lies in MuJoCo's own array of its kind.
Columns source_columns(const mjModel& model, const Quantity& quantity) {
  const KindFacts kind = facts(quantity.kind);
  const bool positions = quantity.kind == Kind::position;
  if (is_of_all(quantity)) return {0, 3};
  if (quantity.name.empty()) {
    if (kind.owner == mjOBJ_JOINT) return {0, positions ? model.nq : model.nv};
    if (kind.owner == mjOBJ_SENSOR) return {0, model.nsensordata};
    return {0, int64_t{kind.width} * owners(model, kind.owner)};
  }
  const int owner = find_owner(model, quantity);
  if (kind.owner == mjOBJ_JOINT) return joint_columns(model, owner, positions);
  if (kind.owner == mjOBJ_SENSOR) return {model.sensor_adr[owner], model.sensor_dim[owner]};
  return {int64_t{kind.width} * owner, kind.width};
}

const mjtNum* source(const mjData& data, Kind kind) {
  switch (kind) {
    case Kind::position:
      return data.qpos;
    case Kind::velocity:
      return data.qvel;
    case Kind::body_position:
      return data.xpos;
    case Kind::site_position:
      return data.site_xpos;
    case Kind::geom_position:
      return data.geom_xpos;
    case Kind::center_of_mass:
      return data.subtree_com;
    case Kind::center_velocity:
      return data.subtree_linvel;
    case Kind::inertia:
      return data.cinert;
    case Kind::spatial_velocity:
      return data.cvel;
    case Kind::contact_force:
      return data.cfrc_ext;
    case Kind::actuator_force:
      return data.qfrc_actuator;
    case Kind::constraint_force:
      return data.qfrc_constraint;
    case Kind::sensor:
      return data.sensordata;
  }
  throw std::logic_error("a kind of quantity without a source");
}

/// Whether it stands in qpos or qvel.
bool of_state(const Quantity& quantity) {
  return !quantity.rate && (quantity.kind == Kind::position || quantity.kind == Kind::velocity);
}

}  // namespace

std::string words(const Quantity& quantity) {
  if (quantity.rate) {
    Quantity changing = quantity;
    changing.rate = false;
    return fmt::format("change of {} per second", words(changing));
  }
  const KindFacts kind = facts(quantity.kind);
  // Joints go by their own names: "rootx", "velocity of rootx".
  std::string text = kind.noun;
  if (quantity.kind == Kind::position && !quantity.name.empty())
    text = quantity.name;
  else if (!quantity.name.empty())
    text += " of " + quantity.name;
  const bool place = quantity.first < 3 && (kind.width == 3 || quantity.kind == Kind::position);
  const bool only =
      quantity.kind <= Kind::velocity && quantity.first == 0;  // most joints' only one
  if (quantity.count == 1 && !quantity.name.empty() && only) return text;
  if (quantity.count == 1 && place) return fmt::format("{} of {}", "xyz"[quantity.first], text);
  if (quantity.count == 1) return fmt::format("{}[{}]", text, quantity.first);
  if (quantity.count > 1)
    return fmt::format("{}[{}..{}]", text, quantity.first, quantity.first + quantity.count - 1);
  return quantity.first > 0 ? fmt::format("{}[{}..]", text, quantity.first) : text;
}

MeasurementLayout::MeasurementLayout(std::shared_ptr<const mjModel> model,
                                     const std::vector<Quantity>& quantities)
    : model_(std::move(model)), size_(model_->nq + model_->nv) {
  for (const Quantity& quantity : quantities) {
    const Columns all = source_columns(*model_, quantity);  // throws for a name that is not there
    if (of_state(quantity) || extra(quantity)) continue;
    extras_.push_back({{.kind = quantity.kind, .name = quantity.name, .rate = quantity.rate},
                       all,
                       {size_, all.count}});
    if (quantity.rate) rates_.push_back({size_ - model_->nq - model_->nv, all.count});
    size_ += all.count;
  }
}

const MeasurementLayout::Extra* MeasurementLayout::extra(const Quantity& quantity) const {
  const auto found = std::find_if(extras_.begin(), extras_.end(), [&](const Extra& extra) {
    return extra.quantity.kind == quantity.kind && extra.quantity.name == quantity.name &&
           extra.quantity.rate == quantity.rate;
  });
  return found == extras_.end() ? nullptr : &*found;
}

Columns MeasurementLayout::find(const Quantity& quantity) const {
  Columns all;
  if (of_state(quantity)) {
    all = source_columns(*model_, quantity);
    if (quantity.kind == Kind::velocity) all.first += model_->nq;
  } else {
    const Extra* found = extra(quantity);
    if (!found) throw std::out_of_range(words(quantity) + " is not measured");
    all = found->columns;
  }
  if (quantity.name.empty() && facts(quantity.kind).owner != mjOBJ_JOINT && quantity.count == 1 &&
      !is_of_all(quantity))
    throw UsageError(fmt::format("{}: one component of them all says nothing; name one",
                                 facts(quantity.kind).noun));
  const int64_t count = quantity.count > 0 ? quantity.count : all.count - quantity.first;
  if (quantity.first < 0 || count < 1 || quantity.first + count > all.count)
    throw UsageError(
        fmt::format("{}: there are components 0 to {}", words(quantity), all.count - 1));
  return {all.first + quantity.first, count};
}

void MeasurementLayout::write_extras(const mjData& data, std::span<double> out) const {
  auto to = out.begin();
  for (const Extra& extra : extras_)
    to =
        std::copy_n(source(data, extra.quantity.kind) + extra.source.first, extra.source.count, to);
}

bool MeasurementLayout::has(Kind kind) const {
  return std::any_of(extras_.begin(), extras_.end(),
                     [kind](const Extra& extra) { return extra.quantity.kind == kind; });
}

}  // namespace reverie
