// Our MJCF compiles to the bodies of others, and settings vary them as they say.
#include <reverie/envs/mujoco/body.h>
#include <reverie/envs/mujoco/version.h>
#include <reverie/envs/robots/own_robot_fixture.h>
#include <reverie/envs/suites/golden_file.h>

#include <reverie/core/error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

namespace reverie {
namespace {

template <class T>
std::vector<double> numbers(const T* values, int count) {
  return {values, values + count};
}

/// `body_inertia` in the frames of the bodies, a 3x3 matrix each: `body_iquat` of a body with two
/// equal moments is as each MuJoCo likes.
std::vector<double> inertia_tensors(const std::vector<double>& quaternions,
                                    const std::vector<double>& moments) {
  std::vector<double> tensors;
  for (size_t body = 0; body < moments.size() / 3; ++body) {
    double axes[9];
    mju_quat2Mat(axes, &quaternions[4 * body]);
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 3; ++j) {
        double sum = 0;
        for (size_t k = 0; k < 3; ++k)
          sum += axes[3 * i + k] * moments[3 * body + k] * axes[3 * j + k];
        tensors.push_back(sum);
      }
  }
  return tensors;
}

/// Flags as MuJoCo 2.2.2 numbers them; others have more, and other numbers.
double numbered_as_in_2_2_2(int flags) {
  const std::pair<int, int> numbers[] = {
      {mjDSBL_CONSTRAINT, 0}, {mjDSBL_EQUALITY, 1},  {mjDSBL_FRICTIONLOSS, 2},
      {mjDSBL_LIMIT, 3},      {mjDSBL_CONTACT, 4},   {mjDSBL_GRAVITY, 6},
      {mjDSBL_CLAMPCTRL, 7},  {mjDSBL_WARMSTART, 8}, {mjDSBL_FILTERPARENT, 9},
      {mjDSBL_ACTUATION, 10}, {mjDSBL_REFSAFE, 11},  {mjDSBL_SENSOR, 12}};
  int numbered = 0;
  for (const auto& [flag, number] : numbers) {
    if (flags & flag) numbered |= 1 << number;
    flags &= ~flag;
  }
  EXPECT_EQ(flags, 0) << "a flag that is not told here";
  return numbered;
}

/// The facts that scripts/oracle/body_facts.py records, of our model.
std::map<std::string, std::vector<double>> facts(const mjModel& m) {
  const auto number = [](auto value) { return std::vector<double>{static_cast<double>(value)}; };
  std::map<std::string, std::vector<double>> out;
#define COUNT(name) out[#name] = number(m.name)
#define FIELD(name, count) out[#name] = numbers(m.name, count)
#define OPTION(name) out["opt_" #name] = number(m.opt.name)
  COUNT(nq), COUNT(nv), COUNT(nu), COUNT(nbody), COUNT(njnt), COUNT(ngeom), COUNT(nsite);
  COUNT(na), COUNT(neq), COUNT(npair), COUNT(nexclude), COUNT(ntendon), COUNT(nwrap);
  COUNT(nsensor);
  FIELD(qpos0, m.nq), FIELD(qpos_spring, m.nq);
  FIELD(body_parentid, m.nbody), FIELD(body_pos, 3 * m.nbody), FIELD(body_quat, 4 * m.nbody);
  FIELD(body_ipos, 3 * m.nbody), FIELD(body_iquat, 4 * m.nbody), FIELD(body_mass, m.nbody);
  FIELD(body_inertia, 3 * m.nbody), FIELD(body_subtreemass, m.nbody);
  FIELD(body_invweight0, 2 * m.nbody);
  FIELD(jnt_type, m.njnt), FIELD(jnt_qposadr, m.njnt), FIELD(jnt_dofadr, m.njnt);
  FIELD(jnt_bodyid, m.njnt), FIELD(jnt_pos, 3 * m.njnt), FIELD(jnt_axis, 3 * m.njnt);
  FIELD(jnt_stiffness, m.njnt), FIELD(jnt_range, 2 * m.njnt), FIELD(jnt_limited, m.njnt);
  FIELD(jnt_margin, m.njnt), FIELD(jnt_solref, mjNREF * m.njnt);
  FIELD(jnt_solimp, mjNIMP * m.njnt);
  FIELD(dof_armature, m.nv), FIELD(dof_damping, m.nv), FIELD(dof_frictionloss, m.nv);
  FIELD(dof_invweight0, m.nv), FIELD(dof_M0, m.nv);
  FIELD(geom_type, m.ngeom), FIELD(geom_contype, m.ngeom), FIELD(geom_conaffinity, m.ngeom);
  FIELD(geom_condim, m.ngeom), FIELD(geom_bodyid, m.ngeom), FIELD(geom_priority, m.ngeom);
  FIELD(geom_size, 3 * m.ngeom), FIELD(geom_pos, 3 * m.ngeom), FIELD(geom_quat, 4 * m.ngeom);
  FIELD(geom_friction, 3 * m.ngeom), FIELD(geom_margin, m.ngeom), FIELD(geom_gap, m.ngeom);
  FIELD(geom_solmix, m.ngeom), FIELD(geom_solref, mjNREF * m.ngeom);
  FIELD(geom_solimp, mjNIMP * m.ngeom);
  FIELD(site_bodyid, m.nsite), FIELD(site_pos, 3 * m.nsite), FIELD(site_quat, 4 * m.nsite);
  FIELD(tendon_adr, m.ntendon), FIELD(tendon_num, m.ntendon), FIELD(tendon_limited, m.ntendon);
  FIELD(tendon_range, 2 * m.ntendon), FIELD(tendon_stiffness, m.ntendon);
  FIELD(tendon_damping, m.ntendon), FIELD(tendon_frictionloss, m.ntendon);
  FIELD(tendon_length0, m.ntendon), FIELD(tendon_invweight0, m.ntendon);
  FIELD(wrap_type, m.nwrap), FIELD(wrap_objid, m.nwrap), FIELD(wrap_prm, m.nwrap);
  FIELD(actuator_trntype, m.nu), FIELD(actuator_dyntype, m.nu), FIELD(actuator_gaintype, m.nu);
  FIELD(actuator_biastype, m.nu), FIELD(actuator_trnid, 2 * m.nu), FIELD(actuator_gear, 6 * m.nu);
  FIELD(actuator_ctrllimited, m.nu), FIELD(actuator_ctrlrange, 2 * m.nu);
  FIELD(actuator_forcelimited, m.nu), FIELD(actuator_gainprm, mjNGAIN * m.nu);
  FIELD(actuator_biasprm, mjNBIAS * m.nu);
  OPTION(timestep), OPTION(integrator), OPTION(cone), OPTION(solver), OPTION(iterations);
  OPTION(tolerance), OPTION(noslip_iterations), OPTION(impratio), OPTION(density);
  OPTION(viscosity), OPTION(o_margin), OPTION(enableflags);
  out["opt_disableflags"] = {numbered_as_in_2_2_2(m.opt.disableflags)};
  out["opt_gravity"] = numbers(m.opt.gravity, 3);
  out["opt_wind"] = numbers(m.opt.wind, 3);
#undef COUNT
#undef FIELD
#undef OPTION
  return out;
}

const std::string kWeights = "_invweight0";
const std::string kOnTwoSlides[] = {"reacher", "pusher", "pusher_v5", "pets_pusher"};

class MujocoBodyFacts : public ::testing::TestWithParam<std::string> {};

// Every number of the original's compiled body, to rounding.
TEST_P(MujocoBodyFacts, EqualTheOriginals) {
  const GoldenFile golden(golden_file(GetParam() + "_facts.txt"));
  const auto body = mujoco_body(GetParam() + ".xml");
  auto ours = facts(*body);
  auto original = golden.fields();
  for (auto* one : {&ours, &original}) {
    (*one)["inertia"] = inertia_tensors(one->at("body_iquat"), one->at("body_inertia"));
    one->erase("body_iquat");
    // Follow from the rest; later versions reckon otherwise where two slides carry a body.
    if (mj_version() != 222 && std::ranges::count(kOnTwoSlides, GetParam()) > 0)
      for (const char* owner : {"body", "dof", "tendon"}) one->erase(owner + kWeights);
  }
  for (const auto& [name, theirs] : original) {
    ASSERT_TRUE(ours.contains(name)) << name;
    const std::vector<double>& values = ours.at(name);
    ASSERT_EQ(values.size(), theirs.size()) << name;
    double scale = 1;
    for (const double value : theirs) scale = std::max(scale, std::abs(value));
    for (size_t i = 0; i < theirs.size(); ++i)
      EXPECT_NEAR(values[i], theirs[i], 1e-12 * scale) << name << "[" << i << "]";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, MujocoBodyFacts,
    ::testing::Values("half_cheetah", "hopper", "walker2d", "walker2d_v5", "ant", "humanoid",
                      "swimmer", "reacher", "pusher", "pusher_v5", "inverted_pendulum",
                      "inverted_double_pendulum", "rllab_swimmer", "rllab_snake", "rllab_ant",
                      "rllab_hopper", "rllab_humanoid", "rllab_simple_humanoid", "pets_cartpole",
                      "pets_pusher", "pets_reacher3d", "mbbl_fixed_swimmer"),
    [](const auto& test) { return test.param; });

// The file of MB-MPO's code (vendor/mujoco_models/humanoid.xml @8b1351d) compiles to the numbers of
// Gym's, which `humanoid_facts.txt` holds, but for <joint name="left_hip_y" range="-120 20">.
TEST(MujocoBody, RllabsWalkingHumanoidBendsItsLeftHipFurther) {
  const auto body = mujoco_body("rllab_walking_humanoid.xml");
  const int hip = mj_name2id(body.get(), mjOBJ_JOINT, "left_hip_y");
  const double degree = 3.14159265358979323846 / 180;
  EXPECT_NEAR(body->jnt_range[2 * hip], -120 * degree, 1e-14);
  EXPECT_NEAR(body->jnt_range[2 * hip + 1], 20 * degree, 1e-14);
  auto ours = facts(*body);
  const auto gyms = facts(*mujoco_body("humanoid.xml"));
  EXPECT_NEAR(gyms.at("jnt_range")[static_cast<size_t>(2 * hip)], -110 * degree, 1e-14);
  ours.at("jnt_range") = gyms.at("jnt_range");
  EXPECT_EQ(ours, gyms);
}

TEST(MujocoBody, IsCompiledOnceAndShared) {
  EXPECT_EQ(mujoco_body("hopper.xml"), mujoco_body("hopper.xml"));
  EnvConfig config;
  config.mass_scale = 2;
  EXPECT_EQ(mujoco_body("hopper.xml", config), mujoco_body("hopper.xml", config));
  EXPECT_NE(mujoco_body("hopper.xml", config), mujoco_body("hopper.xml"));
  config.mass_scale = 1;
  config.horizon = 7;  // not the body's
  EXPECT_EQ(mujoco_body("hopper.xml", config), mujoco_body("hopper.xml"));
}

// A robot written for a later version is the usual reason.
TEST(MujocoBody, WhatMujocoDoesNotKnowIsSaidWithItsVersion) {
  const std::string file = (testing::fresh_folder() / "later.xml").string();
  testing::write_text(file, "<mujoco><worldbody><unheard/></worldbody></mujoco>");
  try {
    mujoco_body(file);
    FAIL() << "compiled";
  } catch (const Error& error) {
    const std::string said = error.what();
    EXPECT_TRUE(said.starts_with(std::string("MuJoCo ") + mj_versionString() + " cannot compile "))
        << said;
    EXPECT_NE(said.find("unrecognized element"), std::string::npos) << said;
    EXPECT_EQ(said.find("for 3 or later") != std::string::npos, mj_version() < 300) << said;
  }
  EXPECT_TRUE(mujoco_description().starts_with(mj_versionString()));
  EXPECT_NE(mujoco_description().find("libmujoco.so"), std::string::npos);
}

TEST(MujocoBody, ABrokenFileIsToBeMended) {
  const std::string file = (testing::fresh_folder() / "broken.xml").string();
  testing::write_text(file, "<mujoco>\n<worldbody>\n<body name=\"b\">\n</worldbody></mujoco>");
  try {
    mujoco_body(file);
    FAIL() << "compiled";
  } catch (const UsageError& error) {
    const std::string said = error.what();
    EXPECT_NE(said.find("broken.xml: line 3: an element that is not closed"), std::string::npos)
        << said;
    EXPECT_EQ(said.find("ErrorID"), std::string::npos) << said;
  }
}

TEST(MujocoBody, SettingsVaryWhatTheyName) {
  const auto published = mujoco_body("half_cheetah.xml");
  EnvConfig config;
  config.mass_scale = 2;
  config.friction_scale = 3;
  config.damping_scale = 4;
  config.gravity_scale = 5;
  config.gear_scale = 6;
  config.disabled_actuator = 1;
  const auto varied = mujoco_body("half_cheetah.xml", config);
  auto expected = facts(*published);
  const auto actual = facts(*varied);
  const auto scale = [&](const std::string& name, double factor, size_t stride = 1) {
    for (size_t i = 0; i < expected.at(name).size(); i += stride) expected.at(name)[i] *= factor;
  };
  scale("body_mass", 2);
  scale("body_inertia", 2);
  scale("body_subtreemass", 2);
  scale("geom_friction", 3, 3);
  scale("dof_damping", 4);
  scale("opt_gravity", 5);
  scale("actuator_gainprm", 6, mjNGAIN);  // of motors the first is all
  for (size_t i = 0; i < mjNGAIN; ++i) expected.at("actuator_gainprm")[mjNGAIN + i] = 0;
  EXPECT_DOUBLE_EQ(actual.at("body_subtreemass")[0], 28.0);
  for (const auto& [name, values] : actual) {
    // Derived from the masses, and made anew from them: armature does not scale with mass.
    if (name == "body_invweight0" || name == "dof_invweight0" || name == "dof_M0") {
      EXPECT_NE(values, expected.at(name)) << name;
      continue;
    }
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(values[i], expected.at(name)[i], 1e-12 * std::abs(values[i])) << name;
  }
}

/// A rod on a hinge, slowed and driven by `actuators`, without gravity.
std::string driven_rod(const std::string& joint, const std::string& actuators) {
  const std::string file = (testing::fresh_folder() / "rod.xml").string();
  std::ofstream(file) << "<mujoco><compiler autolimits='true'/><option gravity='0 0 0'/>"
                         "<worldbody><body><joint name='j' axis='0 1 0' damping='5' "
                      << joint
                      << "/><geom type='capsule' fromto='0 0 0 .3 0 0' size='.03'/></body>"
                         "</worldbody><actuator>"
                      << actuators << "</actuator></mujoco>";
  return file;
}

// A servo of half the strength is a spring of half the stiffness about the position asked for: a
// motor and a spring of the joint itself.
TEST(MujocoBody, AServoOfHalfTheStrengthHasHalfTheForceInMotion) {
  EnvConfig weak;
  weak.gear_scale = 0.5;
  const auto servo =
      mujoco_body(driven_rod("", "<position joint='j' ctrlrange='-1 1' kp='50'/>"), weak);
  const auto spring =
      mujoco_body(driven_rod("stiffness='25'", "<motor joint='j' ctrlrange='-1 1' gear='25'/>"));
  const std::unique_ptr<mjData, void (*)(mjData*)> a(mj_makeData(servo.get()), mj_deleteData);
  const std::unique_ptr<mjData, void (*)(mjData*)> b(mj_makeData(spring.get()), mj_deleteData);
  double farthest = 0;
  for (int t = 0; t < 1500; ++t) {
    a->ctrl[0] = b->ctrl[0] = t < 700 ? 0.8 : -0.3;
    mj_step(servo.get(), a.get());
    mj_step(spring.get(), b.get());
    ASSERT_NEAR(a->qpos[0], b->qpos[0], 1e-9) << t;
    farthest = std::max(farthest, a->qpos[0]);
  }
  EXPECT_NEAR(farthest, 0.8, 0.05);
  EXPECT_NEAR(a->qpos[0], -0.3, 0.05) << "it still goes where it is told";
}

TEST(MujocoBody, StrengthIsOfAllKindsOfActuators) {
  const std::string file =
      driven_rod("",
                 "<motor joint='j' gear='3'/><motor joint='j' gear='100' forcerange='-.1 .1'/>"
                 "<position joint='j' kp='7' gear='3'/><velocity joint='j' kv='3'/>"
                 "<general joint='j' gainprm='50' biastype='affine' biasprm='1 -50 -3'/>"
                 "<general joint='j' gaintype='affine' gainprm='1 2 3'/>"
                 "<damper joint='j' kv='2' ctrlrange='0 1'/>"
                 "<muscle joint='j' lengthrange='-2 2' force='30'/>"
                 "<muscle joint='j' lengthrange='-2 2' force='-1' scale='200'/>");
  const auto published = mujoco_body(file);
  const auto forces = [](const mjModel& model) {
    const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(&model), mj_deleteData);
    data->qpos[0] = 0.3;
    data->qvel[0] = -0.7;
    for (int i = 0; i < model.nu; ++i) data->ctrl[i] = 0.6;
    for (int i = 0; i < model.na; ++i) data->act[i] = 0.4;
    mj_forward(&model, data.get());
    return std::vector<double>(data->actuator_force, data->actuator_force + model.nu);
  };
  const std::vector<double> before = forces(*published);
  for (const double factor : {0.5, 3.0, 0.0}) {
    EnvConfig config;
    config.gear_scale = factor;
    const std::vector<double> after = forces(*mujoco_body(file, config));
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_NEAR(after[i], factor * before[i], 1e-12 * (1 + std::abs(before[i]))) << i;
      EXPECT_NE(before[i], 0) << i;
    }
  }
}

TEST(MujocoBody, AStrengthThatNobodyKnowsIsRefused) {
  EnvConfig config;
  config.gear_scale = 0.5;
  try {
    mujoco_body(driven_rod("", "<general name='odd' joint='j' gaintype='user'/>"), config);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("env.gear_scale"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("actuator odd"), std::string::npos);
  }
}

TEST(MujocoBody, RefusesAnActuatorThatIsNotThere) {
  EnvConfig config;
  config.disabled_actuator = 3;
  try {
    mujoco_body("hopper.xml", config);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "env.disabled_actuator is 3; hopper.xml has actuators 0 to 2 (-1: none)");
  }
}

TEST(MujocoBody, ErrorsOfMujocoAreExceptions) {
  mujoco_body("hopper.xml");  // installs the handlers
  EXPECT_THROW(mju_error("the reason"), Error);
  mju_warning("a warning");
  EXPECT_EQ(take_mujoco_warning(), "a warning");
  EXPECT_EQ(take_mujoco_warning(), "");
}

}  // namespace
}  // namespace reverie
