// The workloads with Taskflow. Arguments: workload, size, threads.

#include <taskflow/taskflow.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

constexpr std::size_t WIDTH = 200;
constexpr std::int64_t MASK = (std::int64_t{1} << 40) - 1;
constexpr int MIN_ROUNDS = 3;

// A task graph and the places that its tasks write their values to.
struct Graph {
  tf::Taskflow flow;
  std::vector<std::int64_t> values;

  explicit Graph(std::size_t n) : values(n + 1) {}

  tf::Task inc(std::size_t place, std::int64_t x) {
    return flow.emplace([this, place, x] { values[place] = x + 1; });
  }

  tf::Task sum(std::size_t place, std::vector<std::size_t> from) {
    return flow.emplace([this, place, from = std::move(from)] {
      std::int64_t sum = 0;
      for (std::size_t x : from) sum += values[x];
      values[place] = sum & MASK;
    });
  }

  // The sum of `len` values from `start` on, in the last place.
  tf::Task total(std::size_t start, std::size_t len) {
    return flow.emplace([this, start, len] {
      std::int64_t sum = 0;
      for (std::size_t x = start; x < start + len; ++x) sum += values[x];
      values.back() = sum & MASK;
    });
  }
};

void map_and_sum(Graph& graph, std::size_t n) {
  tf::Task total = graph.total(0, n);
  for (std::size_t i = 0; i < n; ++i) graph.inc(i, static_cast<std::int64_t>(i)).precede(total);
}

void tree(Graph& graph, std::size_t n) {
  struct Part {
    tf::Task task;
    std::size_t place;
  };
  std::vector<Part> level;
  std::size_t next = 0;
  for (; next < n / 2; ++next) level.push_back({graph.inc(next, static_cast<std::int64_t>(next)), next});
  while (level.size() > 1) {
    std::vector<Part> above;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      if (i + 1 == level.size()) {
        above.push_back(level[i]);
        continue;
      }
      std::size_t left = level[i].place, right = level[i + 1].place, place = next++;
      tf::Task add = graph.flow.emplace([&graph, left, right, place] {
        graph.values[place] = graph.values[left] + graph.values[right];
      });
      add.succeed(level[i].task, level[i + 1].task);
      above.push_back({add, place});
    }
    level = std::move(above);
  }
  graph.total(level[0].place, 1).succeed(level[0].task);
}

void chain(Graph& graph, std::size_t n) {
  tf::Task last = graph.inc(n, 0);
  for (std::size_t i = 1; i < n; ++i) {
    tf::Task next = graph.flow.emplace([&graph] { ++graph.values.back(); });
    last.precede(next);
    last = next;
  }
}

void stencil(Graph& graph, std::size_t n) {
  std::vector<tf::Task> row;
  for (std::size_t x = 0; x < WIDTH; ++x) row.push_back(graph.inc(x, static_cast<std::int64_t>(x)));
  std::size_t before = 0;
  for (std::size_t i = 1; i < n / WIDTH; ++i) {
    std::vector<tf::Task> next;
    for (std::size_t x = 0; x < WIDTH; ++x) {
      std::size_t left = x == 0 ? 0 : x - 1, right = x + 1 == WIDTH ? x : x + 1;
      tf::Task cell = graph.sum(before + WIDTH + x, {before + left, before + x, before + right});
      cell.succeed(row[x]);
      if (left != x) cell.succeed(row[left]);
      if (right != x) cell.succeed(row[right]);
      next.push_back(cell);
    }
    row = std::move(next);
    before += WIDTH;
  }
  tf::Task total = graph.total(before, WIDTH);
  for (tf::Task cell : row) total.succeed(cell);
}

void build(Graph& graph, const std::string& workload, std::size_t n) {
  if (workload == "L1") return map_and_sum(graph, n);
  if (workload == "L2") return tree(graph, n);
  if (workload == "L3") return chain(graph, n);
  if (workload == "L4") return stencil(graph, n);
  std::abort();
}

long peak() {
  long kilobytes = 0;
  char line[256];
  std::FILE* status = std::fopen("/proc/self/status", "r");
  while (status && std::fgets(line, sizeof line, status) && std::sscanf(line, "VmHWM: %ld", &kilobytes) != 1) {
  }
  return kilobytes;
}

int main(int, char** arguments) {
  std::string workload = arguments[1];
  std::size_t n = std::stoul(arguments[2]);
  tf::Executor executor(std::stoul(arguments[3]));
  using Clock = std::chrono::steady_clock;
  auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  {
    Graph graph(N_WARM_UP);
    build(graph, workload, N_WARM_UP);
    executor.run(graph.flow).wait();
  }
  auto begun = Clock::now();
  for (int round = 0; round < MAX_ROUNDS; ++round) {
    if (round >= MIN_ROUNDS && seconds(Clock::now() - begun) > SECONDS) break;
    auto start = Clock::now();
    Graph graph(n);
    build(graph, workload, n);
    auto built = Clock::now();
    executor.run(graph.flow).wait();
    auto ended = Clock::now();
    std::printf("round %.9f 0 %.9f %lld\n", seconds(built - start), seconds(ended - built),
                static_cast<long long>(graph.values.back()));
    std::fflush(stdout);
  }
  std::printf("peak %ld\n", peak());
}
