// A ring of transitions.
#pragma once

#include <reverie/data/transitions.h>

#include <string>

namespace reverie {

class Archive;

/// The newest `capacity` transitions, first in, first out, in arrays that grow as they fill.
class Replay {
 public:
  /// `name` is of its files beside an archive.
  Replay(int64_t capacity, int64_t observation_size, int64_t action_size,
         std::string name = "replay");

  int64_t capacity() const { return capacity_; }
  int64_t size() const { return std::min(added_, capacity_); }
  int64_t added() const { return added_; }  ///< Ever, dropped ones included.

  /// Appends in order. Throws NonFiniteError for transitions that are not finite: nothing is
  /// stored.
  void add(const Transitions& transitions);

  /// All that is held, oldest first (a copy).
  Transitions all() const { return newest(size()); }
  /// The newest `count` (or all, if fewer), oldest first (a copy).
  Transitions newest(int64_t count) const;
  /// Rows by index, 0 the oldest held.
  Transitions gather(const Tensor& index) const;
  /// The states of such rows alone: [n, o].
  Tensor observations(const Tensor& index) const;
  /// Whether an episode ended with a step, of all that is held, oldest first: [size] bool.
  Tensor ended() const;

  /// What has been added never changes. So where the archive has a place beside it, whole segments
  /// of it, named after `serialize`'s replay and their number, are written there once; the archive
  /// itself holds what lies before the first whole one and after the last.
  void serialize(Archive& archive);

  /// Transitions of a segment: a power of two of about 4 MiB.
  int64_t segment_rows() const;

 private:
  /// Where rows lie that are counted from the oldest.
  Tensor places(const Tensor& index) const;

  void make_room(int64_t rows);
  /// The rows `first` to before `end`, counted from the first ever added, as bytes and back.
  std::string encoded(int64_t first, int64_t end) const;
  void decode(int64_t first, int64_t end, std::string_view bytes);

  std::string name_;
  int64_t capacity_, observation_size_, action_size_;
  int64_t added_ = 0;
  Transitions store_;
};

}  // namespace reverie
