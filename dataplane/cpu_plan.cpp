// SPDX-License-Identifier: MIT
#include "dataplane/cpu_plan.h"

#include <sched.h>

#include <algorithm>
#include <string>

namespace landfall::dataplane {
namespace {

using list = std::vector<unsigned>;

bool contains(std::span<const unsigned> cpus, unsigned cpu) {
    return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

/// Appends what is wrong with one list.
void check(const char* kind, const list& cpus, std::span<const unsigned> allowed,
           std::string& wrong) {
    for (std::size_t i = 0; i < cpus.size(); ++i) {
        const std::string cpu = std::string(kind) + " CPU " + std::to_string(cpus[i]);
        if (!contains(allowed, cpus[i])) {
            wrong += (wrong.empty() ? "" : "; ") + cpu + " does not exist or is not allowed here";
        } else if (contains(std::span(cpus).first(i), cpus[i])) {
            wrong += (wrong.empty() ? "" : "; ") + cpu + " is named twice";
        }
    }
}

list without(std::span<const unsigned> cpus, const list& taken) {
    list rest;
    std::copy_if(cpus.begin(), cpus.end(), std::back_inserter(rest),
                 [&](unsigned cpu) { return !contains(taken, cpu); });
    return rest;
}

} // namespace

std::vector<unsigned> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    list cpus;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &set)) {
                cpus.push_back(cpu);
            }
        }
    }
    return cpus;
}

base::result<cpu_plan> plan_cpus(const cpu_plan& wanted, std::span<const unsigned> allowed) {
    if (allowed.empty()) {
        return std::unexpected(base::failure{"this process may run on no CPU"});
    }
    std::string wrong;
    check("io", wanted.io, allowed, wrong);
    check("modem", wanted.modem, allowed, wrong);
    if (!wrong.empty()) {
        return std::unexpected(base::failure{wrong, base::exit_code::bad_configuration});
    }
    cpu_plan plan = wanted;
    if (allowed.size() >= 4 && (plan.io.empty() || plan.modem.empty())) {
        allowed = allowed.subspan(1);
    }
    if (plan.io.empty()) {
        const list rest = without(allowed, plan.modem);
        plan.io = {rest.empty() ? allowed.front() : rest.front()};
    }
    if (plan.modem.empty()) {
        plan.modem = without(allowed, plan.io);
        if (plan.modem.empty()) {
            plan.modem = {allowed.front()};
        }
    }
    return plan;
}

} // namespace landfall::dataplane
