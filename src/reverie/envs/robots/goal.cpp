#include <reverie/envs/robots/goal.h>

#include <reverie/envs/mujoco/body.h>

namespace reverie {
namespace {

/// Whether it moves with joints.
bool moves(const mjModel& body, int which) {
  for (; which > 0; which = body.body_parentid[which])
    if (body.body_dofnum[which] > 0) return true;
  return false;
}

/// Whether more than its place depends on it.
bool is_used(const mjModel& body, int site) {
  for (int i = 0; i < body.nsensor; ++i)
    if ((body.sensor_objtype[i] == mjOBJ_SITE && body.sensor_objid[i] == site) ||
        (body.sensor_reftype[i] == mjOBJ_SITE && body.sensor_refid[i] == site))
      return true;
  for (int i = 0; i < body.nwrap; ++i)
    if (body.wrap_type[i] == mjWRAP_SITE && body.wrap_objid[i] == site) return true;
  for (int i = 0; i < actuator_count(body); ++i)
    if (body.actuator_trntype[i] == mjTRN_SITE &&
        (body.actuator_trnid[2 * i] == site || body.actuator_trnid[2 * i + 1] == site))
      return true;
  return false;
}

/// Throws where a goal can't be moved there.
void require_movable(const RobotTable& table, const Goal& goal, const toml::node& at) {
  const mjModel& body = *table.body();
  if (goal.of == Goal::Of::joint) {
    const int type = body.jnt_type[table.joint(goal.name, at)];
    if (type != mjJNT_HINGE && type != mjJNT_SLIDE)
      refuse(at, fmt::format("'{}' turns or floats: a goal is a hinge or a slide", goal.name));
    return;
  }
  const bool site = goal.of == Goal::Of::site;
  const auto kind = site ? Quantity::Kind::site_position : Quantity::Kind::body_position;
  table.require({kind, goal.name}, at);
  const int id = mj_name2id(&body, site ? mjOBJ_SITE : mjOBJ_BODY, goal.name.c_str());
  const int owner = site ? body.site_bodyid[id] : id;
  if (body.body_mocapid[owner] >= 0) return;
  if (!site)
    refuse(at, fmt::format("body '{}' can't be put elsewhere: give it mocap=\"true\" in the MJCF, "
                           "or draw a site",
                           goal.name));
  if (moves(body, owner))
    refuse(at,
           fmt::format("site '{}' moves with {}: a goal's site is of the world, or of a mocap "
                       "body",
                       goal.name,
                       mj_id2name(&body, mjOBJ_BODY, owner) ? mj_id2name(&body, mjOBJ_BODY, owner)
                                                            : "joints"));
  if (is_used(body, id))
    refuse(at, fmt::format("site '{}' serves a sensor, a tendon or an actuator: put it on a mocap "
                           "body",
                           goal.name));
}

Goal read_goal(RobotTable& table) {
  Goal goal;
  const toml::node* at = nullptr;
  for (const auto& [key, of] :
       {std::pair("site", Goal::Of::site), std::pair("body", Goal::Of::mocap_body),
        std::pair("joint", Goal::Of::joint)}) {
    const toml::node* node = table.find(key);
    if (!node) continue;
    if (at) refuse(*node, fmt::format("one goal is enough: '{}' is the second", key));
    at = node;
    goal.of = of;
    goal.name = RobotTable::value<std::string>(*node, key);
    require_movable(table, goal, *node);
  }
  const toml::node *from = table.find("from"), *to = table.find("to");
  table.refuse_other_keys();
  if (!at || !from || !to)
    refuse(table.source(),
           "a goal is one of site, body or joint, drawn 'from' one place 'to' another");
  const std::vector<double> low = RobotTable::numbers(*from, "from");
  const std::vector<double> high = RobotTable::numbers(*to, "to");
  const size_t count = goal.of == Goal::Of::joint ? 1 : 3;
  for (const auto* ends : {&low, &high})
    if (ends->size() != count)
      refuse(ends == &low ? *from : *to,
             fmt::format("'{}' takes {}", ends == &low ? "from" : "to",
                         count == 1 ? "a number" : "3 numbers: x, y, z in the world"));
  for (size_t i = 0; i < count; ++i) {
    if (low[i] > high[i]) refuse(*to, "'to' is nowhere less than 'from'");
    goal.low[i] = low[i];
    goal.high[i] = high[i];
  }
  return goal;
}

/// What says where a goal is: whose place depends on it.
class Telling {
 public:
  Telling(const mjModel& model, const Goal& goal) : model_(model) {
    if (goal.of == Goal::Of::joint) joint_ = find_joint(model, goal.name);
    if (goal.of == Goal::Of::site) site_ = mj_name2id(&model, mjOBJ_SITE, goal.name.c_str());
    body_ = joint_ >= 0  ? model.jnt_bodyid[joint_]
            : site_ >= 0 ? model.site_bodyid[site_]
                         : mj_name2id(&model, mjOBJ_BODY, goal.name.c_str());
  }

  bool by(const std::optional<Quantity>& quantity) const {
    using Kind = Quantity::Kind;
    if (!quantity || quantity->rate) return false;
    const auto named = [&](mjtObj type, int count) {
      if (!quantity->name.empty())
        return by(type, mj_name2id(&model_, type, quantity->name.c_str()));
      for (int i = 0; i < count; ++i)
        if (by(type, i)) return true;
      return false;
    };
    switch (quantity->kind) {
      case Kind::position:
        return joint_ >= 0 &&
               (quantity->name.empty() || find_joint(model_, quantity->name) == joint_);
      case Kind::site_position:
        return named(mjOBJ_SITE, model_.nsite);
      case Kind::geom_position:
        return named(mjOBJ_GEOM, model_.ngeom);
      case Kind::body_position:
        return named(mjOBJ_BODY, model_.nbody);
      case Kind::center_of_mass:
        return by_center(mj_name2id(&model_, mjOBJ_BODY,
                                    quantity->name.empty() ? "world" : quantity->name.c_str()));
      case Kind::upright:
        return joint_ >= 0 && named(mjOBJ_BODY, 0);
      case Kind::sensor:
        if (!quantity->name.empty())
          return by_sensor(mj_name2id(&model_, mjOBJ_SENSOR, quantity->name.c_str()));
        for (int i = 0; i < model_.nsensor; ++i)
          if (by_sensor(i)) return true;
        return false;
      default:
        return false;
    }
  }

 private:
  /// The world goes nowhere: of a site in it that is drawn, the place says it alone.
  bool by_body(int body) const {
    for (; body > 0; body = model_.body_parentid[body])
      if (body == body_) return true;
    return false;
  }

  /// Of a body and all that hangs on it.
  bool by_center(int body) const {
    if (body < 0 || by_body(body)) return body >= 0;
    for (int in = body_; site_ < 0; in = model_.body_parentid[in]) {
      if (in == body) return true;
      if (in == 0) break;
    }
    return false;
  }

  bool by_tendon(int tendon) const {
    const int first = model_.tendon_adr[tendon];
    for (int i = first; i < first + model_.tendon_num[tendon]; ++i) {
      const int type = model_.wrap_type[i], object = model_.wrap_objid[i];
      if (type == mjWRAP_JOINT && object == joint_) return true;
      if (type == mjWRAP_SITE && by(mjOBJ_SITE, object)) return true;
    }
    return false;
  }

  /// Whether where such an object is depends on the goal; of kinds of objects unknown here: true.
  bool by(int type, int object) const {
    if (object < 0) return false;
    switch (type) {
      case mjOBJ_JOINT:
        return object == joint_;
      case mjOBJ_SITE:
        return object == site_ || by_body(model_.site_bodyid[object]);
      case mjOBJ_GEOM:
        return by_body(model_.geom_bodyid[object]);
      case mjOBJ_CAMERA:
        return by_body(model_.cam_bodyid[object]);
      case mjOBJ_BODY:
      case mjOBJ_XBODY:
        return by_body(object);
      case mjOBJ_TENDON:
        return by_tendon(object);
      case mjOBJ_ACTUATOR:
        return by_actuator(object);
      default:
        return true;
    }
  }

  bool by_actuator(int actuator) const {
    const int object = model_.actuator_trnid[2 * actuator];
    switch (model_.actuator_trntype[actuator]) {
      case mjTRN_JOINT:
      case mjTRN_JOINTINPARENT:
        return by(mjOBJ_JOINT, object);
      case mjTRN_TENDON:
        return by(mjOBJ_TENDON, object);
      default:  // of sites: their distance from a reference
        return true;
    }
  }

  bool by_sensor(int sensor) const {
    const int type = model_.sensor_type[sensor];
    // Whoever wrote it knows; a ray ends at whatever is there.
    if (type == mjSENS_USER || type == mjSENS_RANGEFINDER) return true;
    if (model_.sensor_needstage[sensor] != mjSTAGE_POS || type == mjSENS_CLOCK) return false;
    // Which way a frame looks doesn't depend on where it is put.
    const bool direction = model_.sensor_datatype[sensor] == mjDATATYPE_AXIS ||
                           model_.sensor_datatype[sensor] == mjDATATYPE_QUATERNION ||
                           type == mjSENS_MAGNETOMETER;
    if (direction && joint_ < 0) return false;
    if (type == mjSENS_SUBTREECOM) return by_center(model_.sensor_objid[sensor]);
    return by(model_.sensor_objtype[sensor], model_.sensor_objid[sensor]) ||
           (model_.sensor_reftype[sensor] != mjOBJ_UNKNOWN &&
            by(model_.sensor_reftype[sensor], model_.sensor_refid[sensor]));
  }

  const mjModel& model_;
  int joint_ = -1, site_ = -1, body_ = -1;
};

}  // namespace

void read_goals(RobotTable& document, TaskDescription& task) {
  document.for_each("goal", [&](RobotTable& table) { task.goals.push_back(read_goal(table)); });
}

void warn_of_unseen_goals(const mjModel& body, TaskDescription& task) {
  for (const Goal& goal : task.goals) {
    const Telling told(body, goal);
    if (std::ranges::any_of(task.observe, [&](const ObservedPart& part) {
          return told.by(part.of) || told.by(part.minus);
        }))
      continue;
    task.warnings.push_back(
        fmt::format("goal {} is elsewhere in each episode, but not observed: nobody can know where",
                    goal.name));
  }
}

}  // namespace reverie
