#include <reverie/envs/mujoco/quantity.h>

#include <reverie/core/error.h>
#include <reverie/envs/mujoco/body.h>

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
  int width;        ///< Numbers of each owner; 0: it depends.
  const char* key;  ///< In a robot's file; null: none.
};

KindFacts facts(Kind kind) {
  switch (kind) {
    case Kind::position:
      return {"positions", mjOBJ_JOINT, 0, "joint_position"};
    case Kind::velocity:
      return {"velocity", mjOBJ_JOINT, 0, "joint_velocity"};
    case Kind::body_position:
      return {"position", mjOBJ_BODY, 3, "body_position"};
    case Kind::site_position:
      return {"position", mjOBJ_SITE, 3, "site_position"};
    case Kind::geom_position:
      return {"position", mjOBJ_GEOM, 3, nullptr};
    case Kind::center_of_mass:
      return {"the center of mass", mjOBJ_BODY, 3, "center_of_mass"};
    case Kind::center_velocity:
      return {"velocity of the center of mass", mjOBJ_BODY, 3, nullptr};
    case Kind::inertia:
      return {"inertia", mjOBJ_BODY, 10, nullptr};
    case Kind::spatial_velocity:
      return {"spatial velocity", mjOBJ_BODY, 6, "com_based_velocity"};
    case Kind::contact_force:
      return {"contact force", mjOBJ_BODY, 6, "contact_force"};
    case Kind::actuator_force:
      return {"actuator force", mjOBJ_JOINT, 0, "joint_actuator_force"};
    case Kind::constraint_force:
      return {"constraint force", mjOBJ_JOINT, 0, "joint_constraint_force"};
    case Kind::sensor:
      return {"sensor", mjOBJ_SENSOR, 0, "sensor"};
    case Kind::upright:
      return {"uprightness", mjOBJ_BODY, 1, "upright"};
    case Kind::control:
      return {"previous action", mjOBJ_ACTUATOR, 1, nullptr};
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
    case mjOBJ_ACTUATOR:
      return actuator_count(model);
    default:
      return model.nsensor;
  }
}

/// How many joints without names the body of this name has.
int joints_without_name(const mjModel& model, const std::string& body_name) {
  const int body = mj_name2id(&model, mjOBJ_BODY, body_name.c_str());
  int count = 0;
  for (int i = 0; i < model.njnt; ++i)
    count += model.jnt_bodyid[i] == body && !mj_id2name(&model, mjOBJ_JOINT, i);
  return count;
}

/// "; did you mean 'knee'? (it has hip, knee; one without a name by its body's: trunk)"
std::string those_there_are(const mjModel& model, mjtObj type, const std::string& wanted) {
  std::vector<std::string> names, by_body;
  for (int i = 0; i < owners(model, type); ++i) {
    if (const char* name = mj_id2name(&model, type, i)) {
      names.emplace_back(name);
    } else if (type == mjOBJ_JOINT) {
      const char* body = mj_id2name(&model, mjOBJ_BODY, model.jnt_bodyid[i]);
      if (body && find_joint(model, body) == i) by_body.emplace_back(body);
    }
  }
  std::vector<std::string> all = names;
  all.insert(all.end(), by_body.begin(), by_body.end());
  if (all.empty()) return "; it has none with a name";
  std::string text;
  if (!names.empty()) text = fmt::format("{}", fmt::join(names, ", "));
  if (!by_body.empty())
    text += fmt::format("{}without names, by their bodies': {}", text.empty() ? "" : "; ",
                        fmt::join(by_body, ", "));
  return fmt::format("{} (it has {})", did_you_mean(wanted, all), text);
}

/// The owner's number; throws UsageError where there is none of that name.
int find_owner(const mjModel& model, const Quantity& quantity) {
  const mjtObj type = facts(quantity.kind).owner;
  const int id = type == mjOBJ_JOINT ? find_joint(model, quantity.name)
                                     : mj_name2id(&model, type, quantity.name.c_str());
  if (id >= 0) return id;
  if (type == mjOBJ_JOINT && joints_without_name(model, quantity.name) > 1)
    throw UsageError(fmt::format("{} has several joints without names: give them names in the MJCF",
                                 quantity.name));
  throw UsageError(fmt::format("the body has no {} called '{}'{}", mju_type2Str(type),
                               quantity.name, those_there_are(model, type, quantity.name)));
}

/// Of the whole, world and all: one point, not one for each body.
bool is_of_all(const Quantity& quantity) {
  return quantity.name.empty() &&
         (quantity.kind == Kind::center_of_mass || quantity.kind == Kind::center_velocity);
}

/// Whether `all` is of everything of its kind, `one` of one of them: what tells the first tells it.
bool is_all(const Quantity& all, const Quantity& one) {
  return all.name.empty() && !one.name.empty() && all.kind == one.kind && all.rate == one.rate &&
         !is_of_all(all) && all.kind != Kind::upright;
}

/// Where the whole quantity lies in MuJoCo's own array of its kind.
Columns source_columns(const mjModel& model, const Quantity& quantity) {
  const KindFacts kind = facts(quantity.kind);
  const bool positions = quantity.kind == Kind::position;
  if (is_of_all(quantity)) return {0, 3};
  if (quantity.kind == Kind::upright) {
    if (quantity.name.empty()) throw UsageError("uprightness is of one body: name it");
    find_owner(model, quantity);
    return {0, 1};
  }
  if (quantity.name.empty()) {
    if (kind.owner == mjOBJ_JOINT) return {0, positions ? model.nq : model.nv};
    if (kind.owner == mjOBJ_SENSOR) return {0, model.nsensordata};
    return {0, int64_t{kind.width} * owners(model, kind.owner)};
  }
  const int owner = find_owner(model, quantity);
  if (kind.owner == mjOBJ_JOINT)
    return positions ? position_columns(model, owner) : velocity_columns(model, owner);
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
    case Kind::control:
      return data.ctrl;
    case Kind::upright:
      break;
  }
  throw std::logic_error("a kind of quantity without a source");
}

/// Whether it stands in qpos or qvel.
bool of_state(const Quantity& quantity) {
  return !quantity.rate && (quantity.kind == Kind::position || quantity.kind == Kind::velocity);
}

}  // namespace

int find_joint(const mjModel& model, const std::string& name) {
  if (const int named = mj_name2id(&model, mjOBJ_JOINT, name.c_str()); named >= 0) return named;
  if (joints_without_name(model, name) != 1) return -1;  // none, or which of them?
  const int body = mj_name2id(&model, mjOBJ_BODY, name.c_str());
  for (int i = model.body_jntadr[body];; ++i)
    if (!mj_id2name(&model, mjOBJ_JOINT, i)) return i;
}

std::string joint_name(const mjModel& model, int joint) {
  if (const char* own = mj_id2name(&model, mjOBJ_JOINT, joint)) return own;
  const char* body = mj_id2name(&model, mjOBJ_BODY, model.jnt_bodyid[joint]);
  return body && find_joint(model, body) == joint ? body : fmt::format("joint {}", joint);
}

Columns position_columns(const mjModel& model, int joint) {
  constexpr int64_t widths[] = {7, 4, 1, 1};  // free, ball, slide, hinge
  return {model.jnt_qposadr[joint], widths[model.jnt_type[joint]]};
}

Columns velocity_columns(const mjModel& model, int joint) {
  constexpr int64_t widths[] = {6, 3, 1, 1};
  return {model.jnt_dofadr[joint], widths[model.jnt_type[joint]]};
}

const std::vector<std::pair<std::string, Kind>>& quantity_keys() {
  static const std::vector<std::pair<std::string, Kind>> keys = [] {
    std::vector<std::pair<std::string, Kind>> all;
    for (int kind = 0; kind <= static_cast<int>(Kind::control); ++kind)
      if (const char* key = facts(static_cast<Kind>(kind)).key)
        all.emplace_back(key, static_cast<Kind>(kind));
    return all;
  }();
  return keys;
}

std::string as_toml(const Quantity& quantity) {
  const char* key = facts(quantity.kind).key;
  std::string text = fmt::format("{} = \"{}\"", key ? key : facts(quantity.kind).noun,
                                 quantity.name.empty() ? "all" : quantity.name);
  if (quantity.count == 1) text += fmt::format(", component = {}", quantity.first);
  return text;
}

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
    if (std::ranges::any_of(quantities, [&](const Quantity& one) { return is_all(one, quantity); }))
      continue;
    extras_.push_back({{.kind = quantity.kind, .name = quantity.name, .rate = quantity.rate},
                       all,
                       {size_, all.count}});
    if (quantity.kind == Kind::upright)
      extras_.back().upright =
          Upright(*model_, mj_name2id(model_.get(), mjOBJ_BODY, quantity.name.c_str()));
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
    if (const Extra* found = extra(quantity)) {
      all = found->columns;
    } else {
      const auto whole = std::ranges::find_if(
          extras_, [&](const Extra& extra) { return is_all(extra.quantity, quantity); });
      if (whole == extras_.end()) throw std::out_of_range(words(quantity) + " is not measured");
      all = source_columns(*model_, quantity);
      all.first += whole->columns.first;
    }
  }
  if (quantity.name.empty() && facts(quantity.kind).owner != mjOBJ_JOINT && quantity.count == 1 &&
      quantity.kind != Kind::control && !is_of_all(quantity))
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
  for (const Extra& extra : extras_) {
    if (extra.upright)
      *to++ = extra.upright->at({data.qpos, static_cast<size_t>(model_->nq)});
    else
      to = std::copy_n(source(data, extra.quantity.kind) + extra.source.first, extra.source.count,
                       to);
  }
}

bool MeasurementLayout::has(Kind kind) const {
  return std::any_of(extras_.begin(), extras_.end(),
                     [kind](const Extra& extra) { return extra.quantity.kind == kind; });
}

}  // namespace reverie
