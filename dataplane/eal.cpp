// SPDX-License-Identifier: MIT
#include "dataplane/eal.h"

#include "dataplane/eal_log.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_version.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace landfall::dataplane {
namespace {

/// What the environment itself needs: device data, rings of drivers, fragmentation.
constexpr std::size_t own_octets = 32U << 20U;
constexpr std::size_t mebibyte = 1U << 20U;
constexpr std::size_t usual_hugepages = 512; // 1 GiB, as README.md and the service's file have it

std::size_t free_hugepage_octets() {
    std::size_t octets = 0;
    std::error_code error;
    const std::string prefix = "hugepages-";
    for (const auto& folder :
         std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
        const std::string name = folder.path().filename();
        std::size_t count = 0;
        if (name.starts_with(prefix) && std::ifstream(folder.path() / "free_hugepages") >> count) {
            octets += count * 1024 * std::strtoull(name.c_str() + prefix.size(), nullptr, 10);
        }
    }
    return octets;
}

/// "0@(0,1),1@0,2@1": the main lcore on all CPUs, then one lcore on each CPU of the plan.
std::string lcore_map(const std::vector<unsigned>& allowed, const std::vector<lcore>& io,
                      const std::vector<lcore>& modem) {
    std::string map = "0@(";
    for (const unsigned cpu : allowed) {
        map += std::to_string(cpu);
        map += ',';
    }
    map.back() = ')';
    for (const auto* list : {&io, &modem}) {
        for (const lcore& one : *list) {
            map += ',';
            map += std::to_string(one.id);
            map += '@';
            map += std::to_string(one.cpu);
        }
    }
    return map;
}

void add_memory(std::vector<std::string>& arguments, bool hugepages, std::size_t octets) {
    if (hugepages) {
        arguments.emplace_back("--in-memory");
        return;
    }
    // --no-huge takes all of its memory at the start, and does not go with --in-memory.
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(octets / mebibyte)});
}

base::failure start_failure() {
    const int error = rte_errno;
    base::failure failure{"DPDK does not start: " + std::string(rte_strerror(error))};
    if (const std::string why = complaints(); !why.empty()) {
        failure.message += " (" + why + ")";
    }
    if (error == EACCES || error == EPERM) {
        failure.code = base::exit_code::no_permission;
    }
    return failure;
}

} // namespace

std::string library_version() {
    return rte_version();
}

base::result<std::unique_ptr<eal>> eal::start(const eal_config& config) {
    const std::vector<unsigned> allowed = allowed_cpus();
    const auto plan = plan_cpus(config.cpus, allowed);
    if (!plan) {
        return std::unexpected(plan.error());
    }
    std::unique_ptr<eal> made(new eal);
    unsigned id = 1;
    for (const unsigned cpu : plan->io) {
        made->io_.push_back({id++, cpu});
    }
    for (const unsigned cpu : plan->modem) {
        made->modem_.push_back({id++, cpu});
    }
    if (id > RTE_MAX_LCORE) {
        return std::unexpected(
            base::failure{"more than " + std::to_string(RTE_MAX_LCORE - 1) + " lcores",
                          base::exit_code::bad_configuration});
    }
    const std::size_t needed =
        (config.memory_octets + own_octets + mebibyte - 1) / mebibyte * mebibyte;
    const std::size_t free = config.hugepages ? free_hugepage_octets() : 0;
    made->hugepages_ = config.hugepages && free >= needed;
    if (config.hugepages && !made->hugepages_) {
        made->warnings_.push_back(
            "of " + std::to_string(needed / mebibyte) +
            " MiB of hugepages that the data plane would use " + std::to_string(free / mebibyte) +
            " MiB are free: it runs on ordinary pages, which is slower "
            "(`sysctl vm.nr_hugepages=" +
            std::to_string(std::max(usual_hugepages, needed / (2 * mebibyte) + 1)) + "`)");
    }
    // Only the devices of ports are touched: an allow list that names none that exists; ports are
    // probed when they are opened. No telemetry socket: figures leave by our own metrics.
    std::vector<std::string> arguments{
        "landfall",     "--lcores",    lcore_map(allowed, made->io_, made->modem_),
        "--main-lcore", "0",           "--no-telemetry",
        "-a",           "0000:00:00.0"};
    add_memory(arguments, made->hugepages_, needed);
    std::vector<char*> pointers;
    std::transform(arguments.begin(), arguments.end(), std::back_inserter(pointers),
                   [](std::string& one) { return one.data(); });
    redirect_log(config.log);
    if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) < 0) {
        return std::unexpected(start_failure());
    }
    made->started_ = true;
    return made;
}

eal::~eal() {
    if (started_) {
        rte_eal_cleanup();
        redirect_log({});
    }
}

registered_thread::registered_thread() noexcept
    : registered_(rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0) {}

registered_thread::~registered_thread() {
    if (registered_) {
        rte_thread_unregister();
    }
}

} // namespace landfall::dataplane
