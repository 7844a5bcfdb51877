// Bodies are looked at from where their movements show. Needs no OpenGL.
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/pictures/viewpoint.h>

#include <gtest/gtest.h>

#include <array>
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
  const std::string file = (testing::fresh_folder() / "arm.xml").string();
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

/// Where a point stands in the image: the middle is 0, the edges are -1 and 1.
std::array<double, 2> in_image(const mjtNum* point, const View& view, const mjModel& model) {
  constexpr double kDegree = std::numbers::pi / 180;
  const double turn = view.azimuth * kDegree, tilt = view.elevation * kDegree;
  const double half = std::tan(model.vis.global.fovy / 2 * kDegree);
  std::array<double, 3> from{};
  for (size_t i = 0; i < 3; ++i) from[i] = point[i] - view.look_at[i];
  const double right = std::sin(turn) * from[0] - std::cos(turn) * from[1];
  const double along = std::cos(turn) * from[0] + std::sin(turn) * from[1];
  const double ahead = std::cos(tilt) * along + std::sin(tilt) * from[2] + view.distance;
  const double up = std::cos(tilt) * from[2] - std::sin(tilt) * along;
  return {right / (half * ahead), up / (half * ahead)};
}

// A cup that can slide away, a ball on a string, a target beside them and one far off.
TEST(Viewpoint, AllThatMovesIsInTheImageAndWhatTheTaskLooksAt) {
  const std::string file = (testing::fresh_folder() / "cup.xml").string();
  std::ofstream(file) << R"(<mujoco><compiler autolimits="true"/><worldbody>
    <geom type="plane" size="1 1 .1"/><site name="target" pos=".2 0 .8"/>
    <site name="far" pos="30 0 0"/>
    <body name="ball" pos="0 0 .2"><joint type="slide" axis="1 0 0"/>
      <joint type="slide" axis="0 0 1"/><geom type="sphere" size=".025"/><site name="ball"/></body>
    <body name="cup" pos="0 0 .6"><joint name="x" type="slide" axis="1 0 0"/>
      <joint name="z" type="slide" axis="0 0 1"/>
      <geom type="capsule" fromto="-.05 0 0 .05 0 0" size=".01"/><site name="cup"/></body>
    </worldbody><tendon><spatial range="0 .5"><site site="ball"/><site site="cup"/></spatial>
    </tendon><actuator><motor joint="x" ctrlrange="-1 1"/></actuator></mujoco>)";
  const auto model = mujoco_body(file);
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(model.get()), mj_deleteData);
  mj_forward(model.get(), data.get());
  const int cup = mj_name2id(model.get(), mjOBJ_BODY, "cup");
  const int ball = mj_name2id(model.get(), mjOBJ_BODY, "ball");
  const std::array<int, 2> looked_at = {mj_name2id(model.get(), mjOBJ_SITE, "target"),
                                        mj_name2id(model.get(), mjOBJ_SITE, "far")};
  const View view = choose_view(*model, *data, kSquare, looked_at);
  EXPECT_EQ(view.followed, cup) << "what is driven, not what comes first";
  const auto shown = [&](const mjtNum* point) {
    const auto [x, y] = in_image(point, view, *model);
    return std::abs(x) < 0.95 && std::abs(y) < 0.95;
  };
  for (const int body : {cup, ball}) EXPECT_TRUE(shown(data->xpos + 3 * body)) << body;
  EXPECT_TRUE(shown(data->site_xpos + 3 * looked_at[0]));
  EXPECT_FALSE(shown(data->site_xpos + 3 * looked_at[1]));
  // The ball as far as its string lets it go, to each side and above.
  for (const auto& [x, z] : {std::pair{0.5, 0.0}, {-0.5, 0.0}, {0.0, 0.5}, {0.0, -0.5}}) {
    const mjtNum place[] = {x, 0, 0.6 + z};
    EXPECT_TRUE(shown(place)) << x << " " << z;
  }
  EXPECT_LT(view.distance, 4) << "the body is not lost in it";
  EXPECT_NEAR(std::abs(view.azimuth), 90, 15) << "looks along y, across what the slides span";
}

TEST(Viewpoint, ACartIsSeenWhereverItsRailGoes) {
  const auto model = mujoco_body("inverted_pendulum.xml");  // a rail of 1 m to each side
  const View view = view_of(*model);
  for (const double x : {-1.0, 1.0}) {
    const mjtNum place[] = {x, 0, 0};
    EXPECT_LT(std::abs(in_image(place, view, *model)[0]), 1) << x;
  }
}

TEST(Viewpoint, AnMjcfsOwnCameraIsUsed) {
  const std::string file = (testing::fresh_folder() / "body.xml").string();
  std::ofstream(file) << R"(<mujoco><worldbody>
    <camera name="other" pos="0 0 9"/><camera name="watch" pos="0 -3 1"/>
    <body><joint type="slide" axis="1 0 0"/><geom size="0.1"/></body></worldbody></mujoco>)";
  EXPECT_EQ(view_of(*mujoco_body(file)).camera, 1);
  EXPECT_EQ(view_of(*mujoco_body("ant.xml")).camera, -1);
}

}  // namespace
}  // namespace reverie
