#include <reverie/core/processors.h>

#include <gtest/gtest.h>

#include <sched.h>

#include <map>
#include <thread>

namespace reverie {
namespace {

/// The quota that a tree of such files stands for.
std::optional<double> quota(const std::map<std::string, std::string>& files) {
  return cgroup_quota([&files](const std::string& path) -> std::optional<std::string> {
    const auto file = files.find(path);
    if (file == files.end()) return {};
    return file->second;
  });
}

const std::string kSecond =
    "22 1 0:20 / / rw - ext4 /dev/root rw\n"
    "31 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(Processors, VersionTwoOfControlGroups) {
  std::map<std::string, std::string> files = {
      {"/proc/self/cgroup", "0::/user.slice/job.scope\n"},
      {"/proc/self/mountinfo", kSecond},
      {"/sys/fs/cgroup/user.slice/job.scope/cpu.max", "250000 100000\n"}};
  EXPECT_EQ(quota(files), 2.5);
  files["/sys/fs/cgroup/user.slice/cpu.max"] = "150000 100000\n";  // the one above holds it too
  EXPECT_EQ(quota(files), 1.5);
  files["/sys/fs/cgroup/user.slice/cpu.max"] = "max 100000\n";
  EXPECT_EQ(quota(files), 2.5);
  files["/sys/fs/cgroup/user.slice/job.scope/cpu.max"] = "max 100000\n";
  EXPECT_EQ(quota(files), std::nullopt);
}

TEST(Processors, InsideAContainer) {
  // A namespace of its own: the group is the root, and its files lie where it is mounted.
  EXPECT_EQ(quota({{"/proc/self/cgroup", "0::/\n"},
                   {"/proc/self/mountinfo", kSecond},
                   {"/sys/fs/cgroup/cpu.max", "400000 100000"}}),
            4.0);
  // None of its own: the mount shows the container's part of the tree (Docker, version 1).
  std::map<std::string, std::string> files = {
      {"/proc/self/cgroup", "5:memory:/docker/a1\n4:cpu,cpuacct:/docker/a1\n0::/elsewhere\n"},
      {"/proc/self/mountinfo",
       "30 22 0:25 /docker/a1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
       "33 22 0:28 /docker/a1 /sys/fs/cgroup/cpu,cpuacct ro master:9 - cgroup cgroup "
       "rw,cpu,cpuacct\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n"},
      {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}};
  EXPECT_EQ(quota(files), 3.0);
  files["/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"] = "-1\n";
  EXPECT_EQ(quota(files), std::nullopt);
}

TEST(Processors, WhatCannotBeReadIsNoLimit) {
  EXPECT_EQ(quota({}), std::nullopt);
  EXPECT_EQ(
      quota({{"/proc/self/cgroup", "nonsense\n::\n"}, {"/proc/self/mountinfo", "x - y\n-\n"}}),
      std::nullopt);
  EXPECT_EQ(quota({{"/proc/self/cgroup", "0::/../a\n"},  // of another namespace
                   {"/proc/self/mountinfo", kSecond},
                   {"/sys/fs/cgroup/cpu.max", "0 0"}}),
            std::nullopt);
}

TEST(Processors, TheLeastCounts) {
  const auto usable = [](int machine, int affinity, std::optional<double> share) {
    return Processors{machine, affinity, share}.usable();
  };
  EXPECT_EQ(usable(16, 16, {}), 16);
  EXPECT_EQ(usable(16, 4, {}), 4);
  EXPECT_EQ(usable(16, 16, 2.5), 2);
  EXPECT_EQ(usable(16, 4, 8.0), 4);
  EXPECT_EQ(usable(2, 2, 64.0), 2);
  EXPECT_EQ(usable(16, 16, 0.3), 1);
  EXPECT_EQ(Processors({16, 4, 2.5}).words(),
            "2 (of 16 here: affinity allows 4, the cgroup's quota 2.5)");
  EXPECT_EQ(Processors({2, 2, 8.0}).words(), "2 (one for each processor)");
}

TEST(Processors, AffinityIsFollowed) {
  std::thread([] {  // its affinity ends with it
    const Processors before = find_processors();
    EXPECT_GE(before.machine, before.affinity);
    cpu_set_t set;
    ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(before.affinity, CPU_COUNT(&set));
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(find_processors().affinity, 1);
    EXPECT_EQ(find_processors().usable(), 1);
    EXPECT_EQ(find_processors().machine, before.machine);
  })
      .join();
}

}  // namespace
}  // namespace reverie
