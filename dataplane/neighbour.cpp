// SPDX-License-Identifier: MIT
#include "dataplane/neighbour.h"

#include <algorithm>
#include <limits>

namespace landfall::dataplane {

neighbour* neighbour_table::find(const base::ip_address& address) noexcept {
    for (neighbour& entry : entries_) {
        if (entry.state != neighbour_state::unused && entry.address == address) {
            return &entry;
        }
    }
    return nullptr;
}

neighbour* neighbour_table::free_entry() noexcept {
    neighbour* oldest = nullptr;
    for (neighbour& entry : entries_) {
        if (entry.state == neighbour_state::unused) {
            return &entry;
        }
        if (!entry.pinned && entry.state != neighbour_state::incomplete &&
            (oldest == nullptr || entry.used < oldest->used)) {
            oldest = &entry;
        }
    }
    return oldest;
}

void neighbour_table::enter(neighbour& entry, neighbour_state state, time_ns due) noexcept {
    entry.state = state;
    entry.tries = 0;
    entry.due = due;
    next_due_ = std::min(next_due_, due);
}

std::optional<std::size_t> neighbour_table::want(const base::ip_address& address,
                                                 time_ns now) noexcept {
    neighbour* entry = find(address);
    if (entry == nullptr) {
        entry = free_entry();
        if (entry == nullptr) {
            return {};
        }
        *entry = {};
        entry->address = address;
        enter(*entry, neighbour_state::incomplete, now);
    }
    entry->used = now;
    return static_cast<std::size_t>(entry - entries_.data());
}

void neighbour_table::pin(const base::ip_address& address, time_ns now) noexcept {
    if (const auto index = want(address, now)) {
        entries_[*index].pinned = true;
    }
}

std::optional<std::size_t> neighbour_table::confirm(const base::ip_address& address,
                                                    const mac_address& mac, time_ns now) noexcept {
    neighbour* const entry = find(address);
    if (entry == nullptr || entry->tries == 0 ||
        (entry->state != neighbour_state::incomplete &&
         entry->state != neighbour_state::refreshing)) {
        return {};
    }
    entry->mac = mac;
    entry->confirmed = now;
    enter(*entry, neighbour_state::reachable, now + refresh_after_ns);
    return static_cast<std::size_t>(entry - entries_.data());
}

void neighbour_table::hint(const base::ip_address& address, const mac_address& mac,
                           time_ns now) noexcept {
    neighbour* const entry = find(address);
    if (entry == nullptr) {
        return;
    }
    if (entry->state == neighbour_state::failed) {
        enter(*entry, neighbour_state::incomplete, now);
    } else if (entry->state == neighbour_state::reachable && entry->mac != mac &&
               now - entry->confirmed >= hint_interval_ns) {
        enter(*entry, neighbour_state::refreshing, now);
        entry->tries = unicast_tries; // ask everyone
    }
}

bool neighbour_table::ask(neighbour& entry, time_ns now,
                          base::function_ref<void(const neighbour_query&)> query) noexcept {
    const bool refresh = entry.state == neighbour_state::refreshing;
    if (entry.tries >= (refresh ? refresh_tries : resolve_tries)) {
        return false;
    }
    neighbour_query question{entry.address, {}};
    if (refresh && entry.tries < unicast_tries) {
        question.unicast = entry.mac;
    }
    ++entry.tries;
    entry.due = now + query_interval_ns;
    query(question);
    return true;
}

void neighbour_table::tick(time_ns now, base::function_ref<void(const neighbour_query&)> query,
                           base::function_ref<void(std::size_t)> failed) noexcept {
    if (now < next_due_) {
        return;
    }
    next_due_ = std::numeric_limits<time_ns>::max();
    for (neighbour& entry : entries_) {
        if (entry.state != neighbour_state::unused && entry.due <= now) {
            switch (entry.state) {
            case neighbour_state::incomplete:
                if (!ask(entry, now, query)) {
                    enter(entry, neighbour_state::failed, now + failed_hold_ns);
                    failed(static_cast<std::size_t>(&entry - entries_.data()));
                }
                break;
            case neighbour_state::refreshing:
                if (!ask(entry, now, query)) {
                    enter(entry, neighbour_state::incomplete, now);
                    static_cast<void>(ask(entry, now, query));
                }
                break;
            case neighbour_state::reachable:
                if (!entry.pinned && entry.used <= entry.confirmed) {
                    entry = {};
                    break;
                }
                enter(entry, neighbour_state::refreshing, now);
                static_cast<void>(ask(entry, now, query));
                break;
            case neighbour_state::failed:
                if (!entry.pinned) {
                    entry = {};
                    break;
                }
                enter(entry, neighbour_state::incomplete, now);
                static_cast<void>(ask(entry, now, query));
                break;
            case neighbour_state::unused:
                break;
            }
        }
        if (entry.state != neighbour_state::unused) {
            next_due_ = std::min(next_due_, entry.due);
        }
    }
}

std::size_t neighbour_table::count(neighbour_state state) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(),
                      [&](const neighbour& entry) { return entry.state == state; }));
}

} // namespace landfall::dataplane
