#include <reverie/core/processors.h>

#include <fmt/core.h>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

namespace reverie {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

/// A hierarchy of control groups that may limit processors, as it is mounted.
struct Mount {
  bool second;         // version 2
  std::string folder;  // where it is mounted
  std::string root;    // the group that stands there
};

/// Of /proc/self/mountinfo (proc(5)): ID, parent, device, root, mount point, options, optional
/// fields, "-", type, source, options of the file system. Blanks in paths are octal escapes.
std::vector<Mount> mounts(const std::string& mountinfo) {
  std::vector<Mount> found;
  for (const auto& line : split(mountinfo, '\n')) {
    const auto fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 6 || fields.end() - dash < 4) continue;
    if (dash[1] == "cgroup2")
      found.push_back({true, fields[4], fields[3]});
    else if (dash[1] == "cgroup" && contains(split(dash[3], ','), "cpu"))
      found.push_back({false, fields[4], fields[3]});
  }
  return found;
}

/// Of /proc/self/cgroup, "number:controllers:path" a line: the path in the hierarchy of version 2
/// (number 0, no controllers), or in that of version 1's controller `cpu`.
std::optional<std::string> group_of(const std::string& cgroups, bool second) {
  for (const auto& line : split(cgroups, '\n')) {
    const auto first = line.find(':'), colon = line.find(':', first + 1);
    if (first == std::string::npos || colon == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, colon - first - 1);
    if (second ? controllers.empty() : contains(split(controllers, ','), "cpu"))
      return line.substr(colon + 1);
  }
  return {};
}

std::optional<double> number(const std::string& text) {
  try {
    return std::stod(text);
  } catch (const std::exception&) {  // "max"
    return {};
  }
}

/// The quota of one group, whose files lie in `folder`.
std::optional<double> quota_of(const FileReader& read, bool second, const std::string& folder) {
  std::optional<double> time, period;
  if (second) {
    const auto parts = split(read(folder + "/cpu.max").value_or(""), ' ');
    if (parts.size() < 2) return {};
    time = number(parts[0]), period = number(parts[1]);
  } else {
    time = number(read(folder + "/cpu.cfs_quota_us").value_or(""));  // -1: none
    period = number(read(folder + "/cpu.cfs_period_us").value_or(""));
  }
  if (!time || !period || !(*time > 0) || !(*period > 0)) return {};
  return *time / *period;
}

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) return {};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The processors that the calling thread may run on; 0 where that can't be asked.
int count_affinity() {
  // A machine may have more than a cpu_set_t holds: the kernel then says EINVAL.
  for (int most = 1024; most <= 1 << 20; most *= 4) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
        CPU_ALLOC(static_cast<size_t>(most)), [](cpu_set_t* memory) { CPU_FREE(memory); });
    const size_t size = CPU_ALLOC_SIZE(static_cast<size_t>(most));
    if (sched_getaffinity(0, size, set.get()) == 0) return CPU_COUNT_S(size, set.get());
    if (errno != EINVAL) break;
  }
  return 0;
}

}  // namespace

int Processors::usable() const {
  const double limit = quota.value_or(machine);
  const int within = limit < machine ? static_cast<int>(std::floor(limit)) : machine;
  return std::max(1, std::min(affinity, within));
}

std::string Processors::words() const {
  std::string why;
  if (affinity < machine) why = fmt::format("affinity allows {}", affinity);
  if (quota && *quota < machine)
    why += fmt::format("{}the cgroup's quota {:.3g}", why.empty() ? "" : ", ", *quota);
  if (why.empty()) return fmt::format("{} (one for each processor)", usable());
  return fmt::format("{} (of {} here: {})", usable(), machine, why);
}

std::optional<double> cgroup_quota(const FileReader& read) {
  const std::string cgroups = read("/proc/self/cgroup").value_or("");
  std::optional<double> least;
  for (const auto& mount : mounts(read("/proc/self/mountinfo").value_or(""))) {
    auto group = group_of(cgroups, mount.second);
    if (!group) continue;
    // In a container the mount may show a part of the tree only, from `root` on.
    if (mount.root != "/" && (*group + "/").starts_with(mount.root + "/"))
      group = group->substr(mount.root.size());
    for (std::string path = group->starts_with("/..") ? "" : *group;;
         path.resize(path.rfind('/'))) {
      if (const auto quota = quota_of(read, mount.second, mount.folder + (path == "/" ? "" : path)))
        least = std::min(*quota, least.value_or(*quota));
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}

Processors find_processors() {
  Processors found;
  found.machine = std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  const int allowed = count_affinity();
  found.affinity = allowed > 0 ? allowed : found.machine;
  found.quota = cgroup_quota(read_small_file);
  return found;
}

}  // namespace reverie
