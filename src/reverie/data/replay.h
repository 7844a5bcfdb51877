// A ring buffer of transitions.
#pragma once

#include <reverie/core/random.h>
#include <reverie/data/transitions.h>

#include <string>

namespace reverie {

class Archive;

/// The newest `capacity` transitions, first in, first out, in arrays that grow as they fill. Each
/// episode's lie one after another: starts, stretches and multi-step losses rely on it.
class Replay {
 public:
  /// `name` is the prefix of its files beside an archive.
  Replay(int64_t capacity, int64_t observation_size, int64_t action_size,
         std::string name = "replay");

  int64_t capacity() const { return capacity_; }
  int64_t size() const { return std::min(added_, capacity_); }
  int64_t added() const { return added_; }  ///< In total, dropped ones included.

  /// Appends in order. Throws NonFiniteError, storing nothing, for transitions that are not finite.
  void add(const Transitions& transitions);

  /// Returns all stored transitions, oldest first (a copy).
  Transitions all() const { return newest(size()); }
  /// Returns the newest `count` (or all, if fewer), oldest first (a copy).
  Transitions newest(int64_t count) const;
  /// Returns rows by index, 0 being the oldest stored.
  Transitions gather(const Tensor& index) const;
  /// The same, but only the observations: [n, o].
  Tensor observations(const Tensor& index) const;
  /// Returns `rows` transitions drawn with replacement, from all or the newest `from`.
  Transitions sample(int64_t rows, RandomStream& random) const {
    return sample_newest(size(), rows, random);
  }
  Transitions sample_newest(int64_t from, int64_t rows, RandomStream& random) const {
    from = std::min(from, size());
    return gather(size() - from + random.below(from, {rows}));
  }
  /// Whether each stored step ended an episode, oldest first: [size] bool.
  Tensor ended() const;
  /// The rows, oldest first, in which episodes begin: those after an ended step, and the first one
  /// while nothing has been dropped. [m] int64.
  Tensor initial() const;

  /// Added transitions never change. So where the archive has side files, each whole segment, named
  /// by the replay's name and the segment's number, is written to one once; the archive itself
  /// holds what lies before the first and after the last whole segment.
  void serialize(Archive& archive);

  /// Transitions per segment: a power of two, about 4 MiB in size.
  int64_t segment_rows() const;

 private:
  /// Storage positions of rows indexed from the oldest.
  Tensor places(const Tensor& index) const;

  void make_room(int64_t rows);
  /// Convert rows [first, end), counted from the first ever added, to bytes and back.
  std::string encoded(int64_t first, int64_t end) const;
  void decode(int64_t first, int64_t end, std::string_view bytes);

  std::string name_;
  int64_t capacity_, observation_size_, action_size_;
  int64_t added_ = 0;
  Transitions store_;
};

}  // namespace reverie
