// For tests: user-defined robots on disk.
#pragma once

#include <reverie/envs/environment.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace reverie::testing {

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

/// A folder private to this process, removed when it ends.
class OwnFolder {
 public:
  OwnFolder()
      : path_(std::filesystem::path(::testing::TempDir()) /
              ("reverie_robots_" + std::to_string(owner_))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~OwnFolder() {
    if (::getpid() != owner_) return;  // a forked child
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  pid_t owner_ = ::getpid();
  std::filesystem::path path_;
};

/// Makes a fresh folder. MuJoCo bodies are compiled once per path: each test needs its own paths.
inline std::filesystem::path fresh_folder() {
  static const OwnFolder own;
  static int count = 0;
  const std::filesystem::path folder = own.path() / std::to_string(count++);
  std::filesystem::create_directories(folder);
  return folder;
}

/// Writes a robot file with this text and its body "robot.xml" beside it; returns the file's path.
inline std::string written_robot(const std::string& mjcf, const std::string& toml) {
  const std::filesystem::path folder = fresh_folder();
  write_text(folder / "robot.xml", mjcf);
  write_text(folder / "robot.toml", "body = \"robot.xml\"\n" + toml);
  return (folder / "robot.toml").string();
}

/// A rod on a hinge, with an actuator on its joint.
inline std::string rod(const std::string& actuator) {
  return "<mujoco><compiler autolimits=\"true\"/><option timestep=\"0.01\"/><worldbody>"
         "<body pos=\"0 0 1\"><joint name=\"hinge\" axis=\"0 1 0\" damping=\"0.05\"/>"
         "<geom type=\"capsule\" fromto=\"0 0 0 0 0 -0.5\" size=\"0.03\" mass=\"1\"/>"
         "</body></worldbody><actuator>" +
         actuator + "</actuator></mujoco>";
}

/// Observes the joint, and pays -|angle|² - weight |action|².
inline std::string swing(double action_weight) {
  return "frame_skip = 4\nhorizon = 25\n"
         "[reset]\nposition_scale = 0.5\n"
         "[[observe]]\njoint_position = \"hinge\"\n[[observe]]\njoint_velocity = \"hinge\"\n"
         "[[reward]]\njoint_position = \"hinge\"\nnumber = \"squared\"\nweight = -1\n"
         "[[reward]]\naction = true\nweight = " +
         fmt::format("{}", -action_weight) + "\n";
}

inline Environment environment_of(const std::string& robot, const EnvConfig& config = {}) {
  const TaskEntry& entry = find_task(robot);
  return {entry.make_task(config), entry.make_simulation(config)};
}

}  // namespace reverie::testing
