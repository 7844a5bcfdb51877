// Uprightness against MuJoCo's own kinematics, and through every way to observe it.
#include <reverie/envs/mujoco/source.h>
#include <reverie/envs/robots/robot_fixture.h>
#include <reverie/envs/suites/registry.h>
#include <reverie/envs/task_entry.h>

namespace reverie {
namespace {

using namespace testing_robots;

/// A chain of every joint there is, tilted links between them, and a hinge whose reference is not
/// 0.
const std::string chain = R"(<mujoco>
    <compiler autolimits="true" angle="radian"/>
    <worldbody>
      <body name="floating" quat=".5 .5 .5 .5"><freejoint/><geom size=".1"/>
        <body name="arm" euler=".3 -.5 .9">
          <joint name="hinge" axis="1 2 3" ref="0.4"/><joint name="second" axis="0 1 0"/>
          <geom size=".1"/>
          <body name="slide" euler="0 1 0"><joint name="slide" type="slide" axis="1 0 0"/>
            <geom size=".1"/>
            <body name="last" quat="0 1 0 0"><joint name="ball" type="ball"/><geom size=".1"/>
            </body>
          </body>
        </body>
      </body>
      <body name="fixed" euler="0.5 0 0"><geom size=".1"/></body>
      <body name="planar" pos="3 0 0"><joint name="tilt" axis="0 1 0"/><geom size=".1"/></body>
    </worldbody>
    <actuator><motor joint="hinge" ctrlrange="-1 1"/></actuator>
  </mujoco>)";

TEST(Upright, IsMujocosOwnOrientation) {
  const std::string file = written(basics + paid, chain);
  const auto model = mujoco_body(read_robot_file(file).body);
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(model.get()), mj_deleteData);
  RandomStream random(1, "poses");
  for (int pose = 0; pose < 20; ++pose) {
    for (int i = 0; i < model->nq; ++i) data->qpos[i] = random.uniform(-2, 2);
    std::vector<mjtNum> position(data->qpos, data->qpos + model->nq);  // quaternions of any length
    mj_kinematics(model.get(), data.get());
    for (int body = 1; body < model->nbody; ++body)
      EXPECT_NEAR(Upright(*model, body).at(position), data->xmat[9 * body + 8], 1e-12)
          << mj_id2name(model.get(), mjOBJ_BODY, body);
  }
}

TEST(Upright, IsToldByWhatIsObservedOfTheJoints) {
  const std::string head = "body = \"body.xml\"\n";
  const std::string upright = "[[reward]]\nupright = \"planar\"\n";
  const std::string value = "[[observe]]\njoint_position = \"tilt\"\n";
  const auto tilted = [&](const std::string& observed) {
    const TaskEntry& entry = find_task(written(head + observed + upright, chain));
    const auto task = entry.make_task({});
    if (!task->reward_is_told()) return false;
    Environment environment(task, entry.make_simulation({}));
    RandomStream random(1, "reset"), actions(2, "actions");
    Tensor before = environment.reset(random);
    for (int t = 0; t < 10; ++t) {
      const StepResult step = environment.step(actions.uniform({1}, -1, 1));
      const Tensor told =
          task->reward(before.unsqueeze(0), torch::zeros({1, 1}), step.next_observation);
      EXPECT_LT((told - step.reward).abs().item<double>(), 1e-12);
      before = step.next_observation[0];
    }
    return true;
  };
  EXPECT_TRUE(tilted(value));
  EXPECT_TRUE(
      tilted("[[observe]]\njoint_position = \"tilt\"\nfunction = \"cosine\"\n"
             "[[observe]]\njoint_position = \"tilt\"\nfunction = \"sine\"\n"));
  EXPECT_TRUE(tilted("[[observe]]\nupright = \"planar\"\n"));
  EXPECT_FALSE(tilted("[[observe]]\njoint_position = \"tilt\"\nfunction = \"sine\"\n"));
  EXPECT_FALSE(tilted("[[observe]]\njoint_position = \"hinge\"\n"));
}

TEST(Upright, OfAChainIsToldAndDifferentiable) {
  const auto task = task_of(basics + "[[reward]]\nupright = \"last\"\n", chain);
  EXPECT_TRUE(task->reward_is_told()) << task->spec().description;
  EXPECT_TRUE(task->reward_is_exact());
  const auto model = mujoco_body(read_robot_file(written(basics + paid, chain)).body);
  RandomStream random(2, "states");
  Tensor seen = (random.uniform({6, model->nq}, -2, 2)).to(torch::kFloat64).requires_grad_(true);
  const Tensor action = torch::zeros({6, 1}, torch::kFloat64);
  const Tensor paid_for = task->reward(seen, action, seen);
  const Upright last(*model, mj_name2id(model.get(), mjOBJ_BODY, "last"));
  for (int64_t row = 0; row < 6; ++row)
    EXPECT_NEAR(paid_for[row].item<double>(),
                last.at({seen.data_ptr<double>() + row * model->nq, size_t(model->nq)}), 1e-12);
  const Tensor gradient = torch::autograd::grad({paid_for.sum()}, {seen})[0];
  const torch::NoGradGuard no_grad;
  for (int64_t i = 0; i < seen.numel(); ++i) {
    const Tensor flat = seen.view(-1);
    const auto at = [&](double by) {
      flat[i] += by;
      const double value = task->reward(seen, action, seen).sum().item<double>();
      flat[i] -= by;
      return value;
    };
    EXPECT_NEAR(gradient.view(-1)[i].item<double>(), (at(1e-6) - at(-1e-6)) / 2e-6, 1e-7) << i;
  }
}

}  // namespace
}  // namespace reverie
