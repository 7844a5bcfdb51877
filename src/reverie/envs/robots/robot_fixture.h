// Robot files for tests.
#pragma once

#include <reverie/core/error.h>
#include <reverie/envs/robots/file.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/envs/suites/registry.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace reverie::testing_robots {

/// A two-joint arm in a plane, and a goal for its hand.
inline const std::string arm = R"(<mujoco>
    <option timestep="0.01"/>
    <worldbody>
      <site name="goal" pos="0.3 0.4 0"/>
      <body name="upper"><joint name="shoulder" axis="0 0 1"/>
        <geom type="capsule" size="0.02" fromto="0 0 0 0.5 0 0"/>
        <body name="lower" pos="0.5 0 0"><joint name="elbow" axis="0 0 1"/>
          <geom type="capsule" size="0.02" fromto="0 0 0 0.5 0 0"/>
          <site name="hand" pos="0.5 0 0"/>
        </body>
      </body>
    </worldbody>
    <actuator><motor joint="shoulder" ctrlrange="-1 1" ctrllimited="true"/>
      <motor joint="elbow" ctrlrange="-2 2" ctrllimited="true"/></actuator>
    <sensor><jointvel name="spin" joint="elbow"/></sensor>
  </mujoco>)";

/// A floating box, its joint unnamed, on a leg; a movable goal.
inline const std::string floating = R"(<mujoco>
    <compiler autolimits="true"/>
    <option timestep="0.01"/>
    <worldbody>
      <geom type="plane" size="5 5 .1"/>
      <body name="target" mocap="true" pos="1 0 1"><site name="goal" pos="0 0 0.5"/></body>
      <site name="mark" pos="0 2 0"/>
      <body name="trunk" pos="0 0 .5"><freejoint/><geom type="box" size=".2 .1 .05"/>
        <site name="middle"/>
        <body name="thigh" pos=".2 0 0" euler="20 0 0">
          <joint name="knee" axis="0.6 0.8 0" range="-150 60"/>
          <geom type="capsule" fromto="0 0 0 0 0 -.2" size=".02"/>
          <body name="foot" pos="0 0 -.2"><joint name="ankle" type="ball"/>
            <geom type="sphere" size=".03" mass=".1"/></body>
        </body>
      </body>
    </worldbody>
    <actuator><motor name="push" joint="knee" ctrlrange="-1 1"/></actuator>
    <keyframe><key name="home" qpos="0 0 .8 1 0 0 0 -1.5 1 0 0 0"/></keyframe>
  </mujoco>)";

/// Writes a robot file with this text, its MJCF beside it as body.xml; returns the file's path.
inline std::string written(const std::string& text, const std::string& body = arm) {
  const std::filesystem::path folder = testing::fresh_folder();
  testing::write_text(folder / "body.xml", body);
  testing::write_text(folder / "robot.toml", text);
  return (folder / "robot.toml").string();
}

/// The start of a file: observes all joint positions.
inline const std::string basics = "body = \"body.xml\"\n[[observe]]\njoint_position = \"all\"\n";
inline const std::string paid = "[[reward]]\nbonus = true\n";

/// Returns the error message for such a file; "none" where it is accepted.
inline std::string complaint(const std::string& text, const std::string& body = arm) {
  try {
    find_task(written(text, body)).make_task({});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "none";
}

/// The environment, and the task, made from such a file.
inline Environment world_of(const std::string& text, const std::string& body = arm) {
  return testing::environment_of(written(text, body));
}
inline std::shared_ptr<const Task> task_of(const std::string& text, const std::string& body = arm) {
  return find_task(written(text, body)).make_task({});
}

}  // namespace reverie::testing_robots
