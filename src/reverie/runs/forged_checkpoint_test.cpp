// Checkpoints whose checksums are right and whose values are not: read, they are refused or do no
// harm. In the manner of a fuzzer, with fixed seeds.
#include <reverie/core/error.h>
#include <reverie/runs/checkpoint_fixture.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace reverie {
namespace {

using namespace testing_checkpoints;

class Forger {
 public:
  explicit Forger(uint64_t seed) : random_(seed, "forger") {}

  void forge(std::vector<Record>& records) {
    Record& record = records[below(records.size())];
    switch (random_.below(8)) {
      case 0:
        record.type = "idstv"[random_.below(5)];
        break;
      case 1:
        std::swap(record.payload, records[below(records.size())].payload);
        break;
      case 2:
        record.payload.resize(below(2 * record.payload.size() + 9), '\x01');
        break;
      case 3:
        records.erase(records.begin() + static_cast<long>(below(records.size())));
        break;
      default:
        forge_value(record);
    }
  }

 private:
  size_t below(size_t bound) {
    return bound == 0 ? 0 : static_cast<size_t>(random_.below(static_cast<int64_t>(bound)));
  }
  int64_t odd_integer() {
    constexpr int64_t odd[] = {0,  1,       -1,        2,         3,       7,
                               64, 1 << 20, INT64_MAX, INT64_MIN, 1 << 31, int64_t{1} << 40};
    return odd[below(std::size(odd))];
  }
  double odd_number() {
    constexpr double odd[] = {0, -1, 1e300, -1e300, 1e19, INFINITY, -INFINITY, NAN, 5e-324};
    return odd[below(std::size(odd))];
  }
  void overwrite(std::string& payload, size_t at, const void* value, size_t size) {
    if (at + size <= payload.size()) std::memcpy(payload.data() + at, value, size);
  }
  void forge_value(Record& record) {
    const int64_t integer = odd_integer();
    const double number = odd_number();
    std::string& payload = record.payload;
    if (record.type == 'i') overwrite(payload, 0, &integer, 8);
    if (record.type == 'd') overwrite(payload, 0, &number, 8);
    if (record.type == 'v') overwrite(payload, below(payload.size() / 8) * 8, &number, 8);
    if (record.type == 's' && !payload.empty())
      payload[below(payload.size())] = static_cast<char>(random_.below(256));
    if (record.type != 't') return;
    switch (random_.below(5)) {  // type, dimensions, a size, an element, a size and its elements
      case 0:
        payload[0] = static_cast<char>(random_.below(256));
        break;
      case 1:
        if (payload.size() > 1) payload[1] = static_cast<char>(random_.below(256));
        break;
      case 2:
        overwrite(payload, 2 + 8 * below(2), &integer, 8);
        break;
      case 3: {
        const auto value = static_cast<float>(number);
        overwrite(payload, 2 + 4 * below(payload.size() / 4), &value, 4);
        break;
      }
      default: {  // floats [n, 3] that are all there
        const int64_t rows = random_.below(50), columns = 3;
        payload = std::string("\x06\x02", 2);
        append(payload, rows);
        append(payload, columns);
        payload.append(static_cast<size_t>(rows * columns * 4), '\x3f');
      }
    }
  }

  RandomStream random_;
};

class ForgedCheckpointTest : public RunOfAMoment {
 protected:
  void try_forgeries(const char* task, std::vector<std::string> sets, int forgeries) {
    sets.insert(sets.end(), {"run.checkpoint_seconds=1e6", "run.steps=1000000"});
    Experiment forged_upon = experiment(task, sets);
    const NewRun run = create_run(forged_upon, (root_ / "run").string());
    TrainingView silent;
    Trainer trainer(forged_upon, run.folder, silent);
    const auto some_phases = [&trainer](int phases) {
      trainer.run([&phases] { return --phases <= 0; });
    };
    some_phases(7);
    const std::string honest = read_file(newest(run.folder));
    const auto records = take_apart(honest);
    ASSERT_EQ(put_together(records), honest);

    int refused = 0, accepted = 0, went_on = 0;
    for (int seed = 0; seed < forgeries; ++seed) {
      Forger forger(static_cast<uint64_t>(seed));
      auto forged = records;
      for (int changes = 1 + seed % 3; changes > 0; --changes) forger.forge(forged);
      try {
        Archive archive = decode_checkpoint(put_together(forged));
        trainer.serialize(archive);
        ++accepted;
        if (accepted % 10 == 0) {
          some_phases(3);
          ++went_on;
        }
      } catch (const std::exception&) {  // one line for the person
        ++refused;
      }
    }
    fmt::print("{}: {} refused, {} accepted, {} of them trained on\n", task, refused, accepted,
               went_on);
    EXPECT_GT(refused, forgeries / 4);
    Archive archive = decode_checkpoint(honest);
    EXPECT_NO_THROW(trainer.serialize(archive));
  }
};

TEST_F(ForgedCheckpointTest, OfAClassicTask) {
  try_forgeries("classic/pendulum", {}, 2000);
}
TEST_F(ForgedCheckpointTest, OfABody) {
  try_forgeries("gym/inverted-pendulum", {"improver=ppo", "model.head=gaussian"}, 1000);
}
TEST_F(ForgedCheckpointTest, OfAVariedBody) {
  try_forgeries("gym/hopper", {"env.distractors=2", "env.action_noise=0.1", "env.slope_spread=0.1"},
                1000);
}

}  // namespace
}  // namespace reverie
