// Bodies are looked at from where their movements show. Needs no OpenGL.
#include <reverie/envs/mujoco_body.h>
#include <reverie/envs/viewpoint.h>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>

namespace reverie {
namespace {

constexpr double kSquare = 1;  // aspect

View view_of(const mjModel& model, double aspect = kSquare) {
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(&model), mj_deleteData);
  mj_forward(&model, data.get());
  return choose_view(model, *data, aspect);
}

/// How high a thing of this height stands in the image, 1 being all of it.
double share_of_height(double metres, const View& view, const mjModel& model) {
  const double half = std::tan(model.vis.global.fovy / 2 * std::numbers::pi / 180) * view.distance;
  return metres / (2 * half);
}

TEST(Viewpoint, RunnersAreSeenFromTheSideAndFollowed) {
  for (const char* file : {"half_cheetah.xml", "hopper.xml", "walker2d.xml"}) {
    const auto body = mujoco_body(file);
    const View view = view_of(*body);
    EXPECT_EQ(view.followed, mj_name2id(body.get(), mjOBJ_BODY, "torso")) << file;
    EXPECT_NEAR(view.azimuth, 90, 15) << file << ": looks along y";
    EXPECT_NEAR(view.elevation, -12, 5) << file;
  }
}

TEST(Viewpoint, WhatTurnsOnTheGroundIsSeenFromAbove) {
  const View reacher = view_of(*mujoco_body("reacher.xml"));
  EXPECT_LT(reacher.elevation, -60);
  EXPECT_EQ(reacher.followed, -1) << "it is fixed";
  const View swimmer = view_of(*mujoco_body("swimmer.xml"));
  EXPECT_LT(swimmer.elevation, -60);
  EXPECT_GT(swimmer.followed, 0);
}

TEST(Viewpoint, WhatTurnsEveryWayIsSeenAcrossACorner) {
  const View view = view_of(*mujoco_body("ant.xml"));
  EXPECT_GT(view.followed, 0);
  EXPECT_GT(std::abs(std::remainder(view.azimuth, 90)), 20);
}

TEST(Viewpoint, TheWholeBodyIsInTheImageWithRoomToMove) {
  const auto hopper = mujoco_body("hopper.xml");  // 1.45 m tall
  const View view = view_of(*hopper);
  EXPECT_GT(share_of_height(1.45, view, *hopper), 0.5);
  EXPECT_LT(share_of_height(1.45, view, *hopper), 0.8);
  const auto cheetah = mujoco_body("half_cheetah.xml");  // longer than tall
  EXPECT_LT(view_of(*cheetah, 2).distance, view_of(*cheetah).distance);
}

TEST(Viewpoint, WhatStaysIsSeenWhereverItReaches) {
  const std::string file = ::testing::TempDir() + "/reverie_viewpoint_arm.xml";
  std::ofstream(file) << R"(<mujoco><worldbody><body pos="0 0 1">
    <joint axis="0 1 0"/><geom type="capsule" size="0.02" fromto="0 0 0 0.5 0 0"/>
    <body pos="0.5 0 0"><joint axis="0 1 0"/>
      <geom type="capsule" size="0.02" fromto="0 0 0 0.5 0 0"/></body></body></worldbody></mujoco>)";
  const auto arm = mujoco_body(file);
  const View view = view_of(*arm);
  EXPECT_EQ(view.followed, -1);
  EXPECT_NEAR(view.look_at[0], 0, 0.1) << "the shoulder is in the middle";
  EXPECT_NEAR(view.look_at[2], 1, 0.1);
  EXPECT_GT(share_of_height(2, view, *arm), 0.6);
  EXPECT_LT(share_of_height(2, view, *arm), 0.9);
}

TEST(Viewpoint, AnMjcfsOwnCameraIsUsed) {
  const std::string file = ::testing::TempDir() + "/reverie_viewpoint.xml";
  std::ofstream(file) << R"(<mujoco><worldbody>
    <camera name="other" pos="0 0 9"/><camera name="watch" pos="0 -3 1"/>
    <body><joint type="slide" axis="1 0 0"/><geom size="0.1"/></body></worldbody></mujoco>)";
  EXPECT_EQ(view_of(*mujoco_body(file)).camera, 1);
  EXPECT_EQ(view_of(*mujoco_body("ant.xml")).camera, -1);
}

}  // namespace
}  // namespace reverie
