#include <reverie/pictures/renderer.h>

#include <reverie/core/error.h>
#include <reverie/envs/environment.h>
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/robots/robot_fixture.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace reverie {
namespace {

using Image = std::vector<uint8_t>;

constexpr int kSize = 64;

class RendererTest : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      renderer_ = std::make_unique<Renderer>(kSize, kSize);
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  Image draw(const mjModel& body, std::span<const double> position) {
    Image image(3 * kSize * kSize);
    renderer_->draw(body, position, image);
    return image;
  }

  std::unique_ptr<Renderer> renderer_;
};

/// Of all numbers of an image.
double brightness(std::span<const uint8_t> image) {
  double sum = 0;
  for (const uint8_t value : image) sum += value;
  return sum / static_cast<double>(image.size());
}

TEST_F(RendererTest, ThePoseDecidesTheImage) {
  const auto body = mujoco_body("half_cheetah.xml");
  std::vector<double> home(body->qpos0, body->qpos0 + body->nq), bent = home;
  bent[3] = 0.7;
  const Image first = draw(*body, home);
  const Image second = draw(*body, bent);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, draw(*body, home));
}

TEST_F(RendererTest, GoalsAreDrawnWhereAResetHasPutThem) {
  const std::string scene = R"(<mujoco><worldbody><light pos="0 0 3"/>
    <site name="mark" size="0.2" pos="-0.6 0 0"/>
    <body name="target" mocap="true" pos="0.6 0 0"><geom size="0.2" contype="0"/></body>
    <body><joint/><geom type="capsule" size="0.1" fromto="0 0 0 0 0 1"/></body>
    </worldbody></mujoco>)";
  const std::string file = testing_robots::written("", scene);
  const auto body = mujoco_body(std::filesystem::path(file).replace_filename("body.xml").string());
  const std::vector<double> home = {0};
  const auto placed = [&](const Placed& where) {
    Image image(3 * kSize * kSize);
    renderer_->draw(*body, home, image, where);
    return image;
  };
  const Image plain = draw(*body, home);
  const Image moved = placed({.mocap = {0.6, 0, 0.7}});
  const Image marked = placed({.marks = {{0, {-0.6, 0, 0.7}}}});
  EXPECT_NE(plain, moved);
  EXPECT_NE(plain, marked);
  EXPECT_NE(moved, marked);
  EXPECT_EQ(plain, placed({.mocap = {0.6, 0, 0}}));
  EXPECT_EQ(plain, draw(*body, home));
  EXPECT_THROW(placed({.mocap = {1}}), std::invalid_argument);
}

// None of them placed (under the sanitizer: nothing is read beyond what is there).
TEST_F(RendererTest, SeveralBodiesThatCouldBePlacedStandWhereTheFileSays) {
  const std::filesystem::path file = testing_robots::written("", R"(<mujoco><worldbody>
    <light pos="0 0 3"/><body mocap="true" pos="-0.6 0 0"><geom size="0.2" contype="0"/></body>
    <body mocap="true" pos="0.6 0 0"><geom size="0.2" contype="0"/></body>
    <body><joint/><geom type="capsule" size="0.1" fromto="0 0 0 0 0 1"/></body>
    </worldbody></mujoco>)");
  const auto body = mujoco_body((file.parent_path() / "body.xml").string());
  const std::vector<double> home = {0};
  const auto placed = [&](const Placed& where) {
    Image image(3 * kSize * kSize);
    renderer_->draw(*body, home, image, where);
    return image;
  };
  EXPECT_EQ(placed({}), placed({.mocap = {-0.6, 0, 0, 0.6, 0, 0}}));
  EXPECT_NE(placed({}), placed({.mocap = {-0.6, 0, 0.5, 0.6, 0, 0}}));
}

TEST_F(RendererTest, TheTopRowComesFirst) {
  // The sky is brighter than the ground.
  const auto body = mujoco_body("half_cheetah.xml");
  const Image image = draw(*body, {body->qpos0, static_cast<size_t>(body->nq)});
  const std::span all(image);
  EXPECT_GT(brightness(all.first(3 * kSize * 4)), brightness(all.last(3 * kSize * 4)) + 30);
}

TEST_F(RendererTest, NobodyRunsOutOfThePicture) {
  const auto body = mujoco_body("half_cheetah.xml");
  std::vector<double> position(body->qpos0, body->qpos0 + body->nq);
  const Image here = draw(*body, position);
  position[0] += 600;  // 300 periods of the ground's pattern
  const Image there = draw(*body, position);
  // Rounding in single precision aside, it looks as it did.
  int64_t different = 0;
  for (size_t i = 0; i < here.size(); ++i) different += std::abs(here[i] - there[i]) > 40;
  EXPECT_LT(different, static_cast<int64_t>(here.size() / 50));
}

TEST_F(RendererTest, ASlopeRisesToTheRight) {
  // The sky is brighter than the ground, of which a slope shows more on the one side.
  std::vector<std::shared_ptr<const mjModel>> drawn;  // the renderer goes by their addresses
  const auto left_is_brighter_by = [&](double slope) {
    EnvConfig config;
    config.slope = slope;
    const auto& body = drawn.emplace_back(mujoco_body("half_cheetah.xml", config));
    const Image image = draw(*body, {body->qpos0, static_cast<size_t>(body->nq)});
    double left = 0, right = 0;
    for (size_t row = 0; row < image.size(); row += 3 * kSize) {
      left += brightness(std::span(image).subspan(row, 3 * 10));
      right += brightness(std::span(image).subspan(row + 3 * (kSize - 10), 3 * 10));
    }
    return (left - right) / kSize;
  };
  EXPECT_LT(std::abs(left_is_brighter_by(0)), 8);
  EXPECT_GT(left_is_brighter_by(15), 20);
  EXPECT_LT(left_is_brighter_by(-15), -20);
}

TEST_F(RendererTest, OneAfterTheOtherDrawsAnyBody) {
  const auto cheetah = mujoco_body("half_cheetah.xml"), ant = mujoco_body("ant.xml");
  const Image first = draw(*cheetah, {cheetah->qpos0, static_cast<size_t>(cheetah->nq)});
  EXPECT_NE(first, draw(*ant, {ant->qpos0, static_cast<size_t>(ant->nq)}));
  EXPECT_EQ(first, draw(*cheetah, {cheetah->qpos0, static_cast<size_t>(cheetah->nq)}));
  Renderer other(kSize, kSize, Renderer::Quality::fine);
  Image fine(3 * kSize * kSize);
  other.draw(*cheetah, {cheetah->qpos0, static_cast<size_t>(cheetah->nq)}, fine);
  EXPECT_EQ(first, draw(*cheetah, {cheetah->qpos0, static_cast<size_t>(cheetah->nq)}));
}

TEST_F(RendererTest, RefusesSpansOfOtherSizes) {
  const auto body = mujoco_body("hopper.xml");
  EXPECT_THROW(draw(*body, std::vector<double>(3)), std::invalid_argument);
  Image small(10);
  EXPECT_THROW(renderer_->draw(*body, {body->qpos0, static_cast<size_t>(body->nq)}, small),
               std::invalid_argument);
}

/// Every task has something to show, and shows it.
TEST_F(RendererTest, EveryTaskHasAPicture) {
  std::set<std::string> drawn;
  for (const TaskEntry& entry : all_tasks()) {
    const auto simulation = entry.make_simulation({});
    RandomStream random(1, "renderer test");
    simulation->reset(random);
    EXPECT_GT(simulation->seconds_per_step(), 0) << entry.name;
    EXPECT_LE(simulation->seconds_per_step(), 0.2) << entry.name;
    const Pose pose = simulation->pose();
    ASSERT_EQ(static_cast<int>(pose.position.size()), pose.body->nq) << entry.name;
    if (!drawn.insert(pose.body->names).second) continue;  // the name of the body comes first
    const Image image = draw(*pose.body, pose.position);
    const auto [low, high] = std::minmax_element(image.begin(), image.end());
    EXPECT_GT(*high - *low, 60) << entry.name;
  }
}

}  // namespace
}  // namespace reverie
