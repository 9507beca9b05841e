// SPDX-License-Identifier: MIT
// One end of a link: a port with its IP, polled by the test itself, that keeps what arrives.
#pragma once

#include "dataplane/io_loop.h"
#include "eal_main.h"
#include "frames.h"

#include <deque>

namespace landfall::dataplane {

struct arrived {
    std::uint16_t flow = 0;
    octet_vector payload;
    base::udp_endpoint source;
};

template <class T>
T must(base::result<T> made) {
    if (!made) {
        FAIL(made.error().message);
    }
    return std::move(*made);
}

inline std::unique_ptr<packet_pool> make_pool(std::uint16_t mtu = 1500,
                                              std::size_t packets = 2047) {
    static unsigned number = 0;
    return must(
        packet_pool::create({"test" + std::to_string(number++), packets, rx_data_octets(mtu)}));
}

class end {
  public:
    end(const port_config& config, const stack_config& stack_of)
        : pool(make_pool(config.mtu)), device(must(port::open(config, *pool))),
          protocols(stack_of, *device, *pool) {
        for (std::uint16_t i = 0; i < stack_of.flows.size(); ++i) {
            keepers_.push_back({this, i});
        }
        io_port one{device.get(), &protocols, {}};
        for (keeper& each : keepers_) {
            one.sinks.push_back({keep, &each});
        }
        loop.emplace(std::vector{one});
    }

    std::size_t step(time_ns now) { return loop->step(now); }

    /// `count` payloads of these octets.
    void send(const octet_vector& payload, std::uint16_t source_port, const base::udp_endpoint& to,
              time_ns now, std::size_t count = 1) {
        for (std::size_t i = 0; i < count; ++i) {
            packet_burst burst;
            REQUIRE(pool->allocate(burst, 1));
            const auto room = burst[0].append(payload.size());
            REQUIRE(room.size() == payload.size());
            std::copy(payload.begin(), payload.end(), room.begin());
            protocols.send(burst, source_port, to, now);
            CHECK(burst.empty());
        }
        protocols.flush();
    }

    std::unique_ptr<packet_pool> pool;
    std::unique_ptr<port> device;
    stack protocols;
    std::optional<io_loop> loop;
    std::deque<arrived> got;

  private:
    struct keeper {
        end* owner;
        std::uint16_t flow;
    };

    static void keep(void* context, packet_burst& packets, time_ns) noexcept {
        const auto& [owner, flow] = *static_cast<keeper*>(context);
        for (std::size_t i = 0; i < packets.size(); ++i) {
            const auto data = packets[i].data();
            owner->got.push_back({flow, {data.begin(), data.end()}, packets[i].source()});
        }
    }

    std::deque<keeper> keepers_;
};

} // namespace landfall::dataplane
