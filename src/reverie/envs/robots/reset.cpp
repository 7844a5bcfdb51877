#include <reverie/envs/robots/reset.h>

#include <cmath>

namespace reverie {
namespace {

/// pose = { knee = -1.5, trunk = [0, 0, 0.8] }
void read_pose(RobotTable& table, Start& start) {
  const toml::node* node = table.find("pose");
  if (!node) return;
  if (!node->is_table()) refuse(*node, "'pose' takes joints' positions: { knee = -1.5 }");
  for (const auto& [key, value] : *node->as_table()) {
    const std::string name(key.str());
    const Columns columns = position_columns(*table.body(), table.joint(name, value));
    std::vector<double> numbers = RobotTable::numbers(value, name);
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
      for (size_t i = numbers.size() - 4; i < numbers.size(); ++i) numbers[i] /= std::sqrt(squared);
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
  refuse(*node,
         fmt::format("the body has no keyframe called '{}'{}{}", name, did_you_mean(name, names),
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
    const int which = table.joint(joint, value);
    const Columns columns = kind == Quantity::Kind::position ? position_columns(body, which)
                                                             : velocity_columns(body, which);
    const std::vector<double> numbers = RobotTable::numbers(value, joint);
    const bool one_each = static_cast<int64_t>(numbers.size()) == columns.count;
    if ((numbers.size() != 1 && !one_each) ||
        std::ranges::any_of(numbers, [](double number) { return number < 0; }))
      refuse(value, fmt::format("'{}' takes a number from 0, or {} of them", joint, columns.count));
    for (int64_t i = 0; i < columns.count; ++i)
      each[static_cast<size_t>(columns.first + i)] = numbers[one_each ? static_cast<size_t>(i) : 0];
  }
}

}  // namespace

void read_reset(RobotTable& document, TaskDescription& task) {
  const toml::node* node = document.find("reset");
  if (!node) return;
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

void warn_of_start(const mjModel& body, TaskDescription& task) {
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
}

}  // namespace reverie
