// SPDX-License-Identifier: MIT
// DPDK's environment: memory, processors, log. Once per process.
#pragma once

#include "base/error.h"
#include "dataplane/cpu_plan.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::dataplane {

enum class log_level { error, warning, info };

struct eal_config {
    cpu_plan cpus{}; ///< empty lists are filled in by `plan_cpus`
    /// For pools and rings: their sum, to which the environment's own needs are added.
    std::size_t memory_octets = 64U << 20U;
    bool hugepages = true; ///< use them when enough are free
    /// DPDK's own messages, line by line. Called on the thread that has something to say.
    std::function<void(log_level, std::string_view)> log{};
};

/// A polling thread, pinned to its CPU.
struct lcore {
    unsigned id = 0;
    unsigned cpu = 0;
};

/// "DPDK 22.11.11"
[[nodiscard]] std::string library_version();

class eal {
  public:
    /// The calling thread becomes DPDK's main lcore: a control thread, not pinned. A failure says
    /// what is missing; the process can then not try again.
    [[nodiscard]] static base::result<std::unique_ptr<eal>> start(const eal_config& config);
    /// No lcore may run any more, and all ports, rings and pools be gone.
    ~eal();
    eal(const eal&) = delete;
    eal& operator=(const eal&) = delete;

    [[nodiscard]] std::span<const lcore> io() const noexcept { return io_; }
    [[nodiscard]] std::span<const lcore> modem() const noexcept { return modem_; }
    [[nodiscard]] bool hugepages() const noexcept { return hugepages_; }
    /// What the operator should know about how it started.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

  private:
    eal() = default;

    std::vector<lcore> io_;
    std::vector<lcore> modem_;
    bool started_ = false;
    bool hugepages_ = false;
    std::vector<std::string> warnings_;
};

/// While it lives, the calling thread uses pools as fast as an lcore does.
class registered_thread {
  public:
    registered_thread() noexcept;
    ~registered_thread();
    registered_thread(const registered_thread&) = delete;
    registered_thread& operator=(const registered_thread&) = delete;

  private:
    bool registered_ = false;
};

} // namespace landfall::dataplane
