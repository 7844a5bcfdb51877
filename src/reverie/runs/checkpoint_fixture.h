// Test helpers: access to the records of a checkpoint for editing, and tiny runs that write some.
#pragma once

#include <reverie/envs/suites/registry.h>
#include <reverie/runs/trainer.h>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// A second implementation of the layout that core/archive.cpp and runs/checkpoint.cpp describe.
namespace reverie::testing_checkpoints {

struct Record {
  std::string name;
  char type = 0;
  std::string payload;
};

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
T take(std::string_view& bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(value));
  bytes.remove_prefix(sizeof(value));
  return value;
}

inline std::string take(std::string_view& bytes, size_t size) {
  std::string part(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return part;
}

inline uint32_t checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

inline std::vector<Record> take_apart(std::string_view file) {
  file.remove_prefix(8 + 8 + 4 + 8);
  std::vector<Record> records(take<uint64_t>(file));
  for (auto& record : records) {
    record.name = take(file, take<uint32_t>(file));
    record.type = take<char>(file);
    record.payload = take(file, take<uint64_t>(file));
    file.remove_prefix(4);
  }
  return records;
}

inline std::string put_together(const std::vector<Record>& records) {
  std::string body = "REVERIE1";
  append(body, static_cast<uint64_t>(records.size()));
  for (const auto& record : records) {
    append(body, static_cast<uint32_t>(record.name.size()));
    std::string whole = record.name + record.type;
    append(whole, static_cast<uint64_t>(record.payload.size()));
    whole += record.payload;
    body += whole;
    append(body, checksum(whole));
  }
  std::string file = "REVERIE1";
  append(file, static_cast<uint64_t>(body.size()));
  append(file, checksum(body));
  return file + body;
}

/// Tiny runs, in a temporary folder per test.
class RunOfAMoment : public ::testing::Test {
 protected:
  RunOfAMoment()
      : root_(std::filesystem::temp_directory_path() /
              fmt::format("reverie_moment_{}_{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(root_);
  }
  ~RunOfAMoment() override { std::filesystem::remove_all(root_); }

  /// An untrained experiment: 20 real steps an iteration, after 40 random ones.
  static Experiment experiment(const std::string& task, const std::vector<std::string>& sets) {
    Experiment experiment(find_agent("mb-mpo"), find_task(task), kNoPreset);
    Settings settings = experiment.settings();
    for (const char* set : {"env.horizon=20", "collect.random_steps=40", "collect.buffer=60",
                            "tasks=2", "imagine.rollouts=2", "meta_steps=1", "model.members=2",
                            "model.hidden=[4]", "policy.hidden=[4]", "fit.first_epochs=1",
                            "fit.epochs=1", "run.eval_every=0", "run.steps=200"})
      settings.assign(std::string(set), "test");
    for (const std::string& set : sets) settings.assign(set, "test");
    return experiment;
  }
  RunFolder create(const std::string& name, const std::string& task,
                   const std::vector<std::string>& sets = {}) const {
    Experiment fresh = experiment(task, sets);
    return create_run(fresh, (root_ / name).string()).folder;
  }
  static std::filesystem::path newest(const RunFolder& folder) {
    const Checkpoints checkpoints(folder.checkpoints());
    return checkpoints.path(checkpoints.numbers().back());
  }

  std::filesystem::path root_;
};

}  // namespace reverie::testing_checkpoints
