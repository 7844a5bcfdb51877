#include <reverie/envs/robot_reset.h>

#include <cmath>

namespace reverie {
namespace {

/// Where a joint's numbers lie among all.
Columns numbers_of(const mjModel& body, int joint, Quantity::Kind kind) {
  constexpr int64_t positions[] = {7, 4, 1, 1}, velocities[] = {6, 3, 1, 1};  // free, ball, …
  const int type = body.jnt_type[joint];
  if (kind == Quantity::Kind::position) return {body.jnt_qposadr[joint], positions[type]};
  return {body.jnt_dofadr[joint], velocities[type]};
}

int require_joint(const RobotTable& table, const std::string& name, const toml::node& at) {
  table.require(position(name), at);  // with the names that there are
  return find_joint(*table.body(), name);
}

/// A number, or a list of as many as `most` numbers.
std::vector<double> read_numbers(const toml::node& node, const std::string& key) {
  std::vector<double> numbers;
  const toml::array* list = node.as_array();
  for (size_t i = 0; i < (list ? list->size() : 1); ++i) {
    const toml::node& one = list ? *list->get(i) : node;
    const double number = RobotTable::value<double>(one, key);
    if (!std::isfinite(number)) refuse(one, fmt::format("'{}' takes finite numbers", key));
    numbers.push_back(number);
  }
  return numbers;
}

/// pose = { knee = -1.5, trunk = [0, 0, 0.8] }
void read_pose(RobotTable& table, Start& start) {
  const toml::node* node = table.find("pose");
  if (!node) return;
  if (!node->is_table()) refuse(*node, "'pose' takes joints' positions: { knee = -1.5 }");
  for (const auto& [key, value] : *node->as_table()) {
    const std::string name(key.str());
    const int joint = require_joint(table, name, value);
    const Columns columns = numbers_of(*table.body(), joint, Quantity::Kind::position);
    std::vector<double> numbers = read_numbers(value, name);
    const auto count = static_cast<int64_t>(numbers.size());
    const bool place_alone = columns.count == 7 && count == 3;
    if (count != columns.count && !place_alone)
      refuse(value, fmt::format("'{}' takes {}", name,
                                columns.count == 1   ? "one number"
                                : columns.count == 4 ? "a quaternion's 4 numbers"
                                                     : "3 numbers, or 7 with a quaternion"));
    if (count >= 4) {  // the last four turn it
      double squared = 0;
      for (size_t i = numbers.size() - 4; i < numbers.size(); ++i)
        squared += numbers[i] * numbers[i];
      if (squared < 1e-12) refuse(value, fmt::format("'{}': a quaternion of zeros", name));
      for (size_t i = numbers.size() - 4; i < numbers.size(); ++i)
        numbers[i] /= std::sqrt(squared);
    }
    for (int64_t i = 0; i < count; ++i)
      start.position.emplace_back(static_cast<int>(columns.first + i),
                                  numbers[static_cast<size_t>(i)]);
  }
}

void read_keyframe(RobotTable& table, Start& start) {
  const toml::node* node = table.find("keyframe");
  if (!node) return;
  const mjModel& body = *table.body();
  const auto name = RobotTable::value<std::string>(*node, "keyframe");
  start.keyframe = mj_name2id(&body, mjOBJ_KEY, name.c_str());
  if (start.keyframe >= 0) return;
  std::vector<std::string> names;
  for (int i = 0; i < body.nkey; ++i)
    if (const char* one = mj_id2name(&body, mjOBJ_KEY, i)) names.emplace_back(one);
  refuse(*node, fmt::format("the body has no keyframe called '{}'{}{}", name,
                            did_you_mean(name, names),
                            names.empty() ? "; it has none with a name"
                                          : fmt::format(" (it has {})", fmt::join(names, ", "))));
}

/// A scale for all coordinates, or a table of joints' own: { knee = 0.1, others = 0.01 }.
void read_scale(RobotTable& table, const std::string& key, Quantity::Kind kind, double& all,
                std::vector<double>& each) {
  const toml::node* node = table.find(key);
  if (!node || !node->is_table()) {
    all = table.scale(key);
    return;
  }
  const mjModel& body = *table.body();
  RobotTable scales(*node->as_table(), table);
  const double others = scales.scale("others");
  each.assign(static_cast<size_t>(kind == Quantity::Kind::position ? body.nq : body.nv), others);
  for (const auto& [name, value] : *node->as_table()) {
    if (name.str() == "others") continue;
    const std::string joint(name.str());
    const Columns columns = numbers_of(body, require_joint(table, joint, value), kind);
    const std::vector<double> numbers = read_numbers(value, joint);
    const bool one_each = static_cast<int64_t>(numbers.size()) == columns.count;
    if ((numbers.size() != 1 && !one_each) || std::ranges::any_of(numbers, [](double number) {
          return number < 0;
        }))
      refuse(value, fmt::format("'{}' takes a number from 0, or {} of them", joint, columns.count));
    for (int64_t i = 0; i < columns.count; ++i)
      each[static_cast<size_t>(columns.first + i)] = numbers[one_each ? static_cast<size_t>(i) : 0];
  }
}

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
  for (int i = 0; i < body.nu; ++i)
    if (body.actuator_trntype[i] == mjTRN_SITE && (body.actuator_trnid[2 * i] == site ||
                                                   body.actuator_trnid[2 * i + 1] == site))
      return true;
  return false;
}

/// Throws where a goal can't be moved there.
void require_movable(const RobotTable& table, const Goal& goal, const toml::node& at) {
  const mjModel& body = *table.body();
  if (goal.of == Goal::Of::joint) {
    const int type = body.jnt_type[require_joint(table, goal.name, at)];
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
    refuse(at, fmt::format("site '{}' moves with {}: a goal's site is of the world, or of a mocap "
                           "body",
                           goal.name, mj_id2name(&body, mjOBJ_BODY, owner)
                                          ? mj_id2name(&body, mjOBJ_BODY, owner)
                                          : "joints"));
  if (is_used(body, id))
    refuse(at, fmt::format("site '{}' serves a sensor, a tendon or an actuator: put it on a mocap "
                           "body",
                           goal.name));
}

Goal read_goal(RobotTable& table) {
  Goal goal;
  const toml::node* at = nullptr;
  for (const auto& [key, of] : {std::pair("site", Goal::Of::site),
                                std::pair("body", Goal::Of::mocap_body),
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
  const std::vector<double> low = read_numbers(*from, "from"), high = read_numbers(*to, "to");
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

/// Whether any of the numbers that are observed says where it is.
bool is_observed(const Goal& goal, const mjModel& body, const TaskDescription& task) {
  const auto says = [&](const std::optional<Quantity>& quantity) {
    using Kind = Quantity::Kind;
    if (!quantity) return false;
    if (goal.of == Goal::Of::joint && quantity->kind == Kind::position)
      return quantity->name.empty() ||
             find_joint(body, quantity->name) == find_joint(body, goal.name);
    if (quantity->kind == Kind::sensor) return true;  // who knows
    const bool by_site = quantity->kind == Kind::site_position;
    if (!by_site && quantity->kind != Kind::body_position) return false;
    if (quantity->name.empty()) return true;
    if (by_site && goal.of == Goal::Of::site) return quantity->name == goal.name;
    const auto body_of = [&](bool site, const std::string& name) {
      const int id = mj_name2id(&body, site ? mjOBJ_SITE : mjOBJ_BODY, name.c_str());
      return site ? body.site_bodyid[id] : id;
    };
    return goal.of != Goal::Of::joint &&
           body_of(by_site, quantity->name) == body_of(goal.of == Goal::Of::site, goal.name);
  };
  return std::ranges::any_of(task.observe, [&](const ObservedPart& part) {
    return says(part.of) || says(part.minus);
  });
}

}  // namespace

void read_reset(RobotTable& document, TaskDescription& task) {
  if (const toml::node* node = document.find("reset")) {
    if (!node->is_table()) refuse(*node, "'reset' is a table: [reset]");
    RobotTable table(*node->as_table(), document);
    ResetNoise& noise = task.reset;
    const std::vector<std::string> shapes = {"uniform", "normal"};
    noise.position_kind = table.choice("position_noise", shapes, noise.position_kind);
    noise.velocity_kind = table.choice("velocity_noise", shapes, noise.velocity_kind);
    read_scale(table, "position_scale", Quantity::Kind::position, noise.position_scale,
               noise.position_scales);
    read_scale(table, "velocity_scale", Quantity::Kind::velocity, noise.velocity_scale,
               noise.velocity_scales);
    read_keyframe(table, task.start);
    read_pose(table, task.start);
    table.refuse_other_keys();
  }
  document.for_each("goal", [&](RobotTable& table) { task.goals.push_back(read_goal(table)); });
}

void warn_of_start_and_goals(const mjModel& body, TaskDescription& task) {
  std::vector<double> start(body.qpos0, body.qpos0 + body.nq);
  if (task.start.keyframe >= 0)
    std::copy_n(body.key_qpos + task.start.keyframe * body.nq, body.nq, start.begin());
  for (const auto& [index, value] : task.start.position) start[static_cast<size_t>(index)] = value;
  for (int joint = 0; joint < body.njnt; ++joint) {
    const int type = body.jnt_type[joint];
    if (!body.jnt_limited[joint] || (type != mjJNT_HINGE && type != mjJNT_SLIDE)) continue;
    double low = start[static_cast<size_t>(body.jnt_qposadr[joint])], high = low;
    for (const Goal& goal : task.goals)
      if (goal.of == Goal::Of::joint && find_joint(body, goal.name) == joint) {
        low = goal.low[0];
        high = goal.high[0];
      }
    const mjtNum* range = body.jnt_range + 2 * joint;
    const double slack = 1e-6 * (1 + range[1] - range[0]);
    if (low >= range[0] - slack && high <= range[1] + slack) continue;
    task.warnings.push_back(fmt::format(
        "joint {} starts at {:.4g}, outside its range {:.4g} to {:.4g}: MuJoCo throws it back at "
        "the first step; say where it starts ([reset] keyframe or pose)",
        joint_name(body, joint), low < range[0] - slack ? low : high, range[0], range[1]));
  }
  for (const Goal& goal : task.goals)
    if (!is_observed(goal, body, task))
      task.warnings.push_back(
          fmt::format("goal {} is elsewhere in each episode, but not observed: nobody can know where",
                      goal.name));
}

}  // namespace reverie
