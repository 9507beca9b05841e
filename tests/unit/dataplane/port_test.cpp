// SPDX-License-Identifier: MIT
#include "base/ip_header.h"
#include "dataplane/cable.h"
#include "dataplane/port.h"
#include "end.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

const base::ip_address sky4 = *base::parse_ip("192.0.2.1");
const base::ip_address sky6 = *base::parse_ip("2001:db8::1");

stack_config ground(std::optional<std::uint16_t> vlan = {}) {
    return {vlan, us().address, {}, us().flows};
}

stack_config sky(std::optional<std::uint16_t> vlan = {}) {
    return {vlan,
            {*base::parse_prefix("192.0.2.1/24"), *base::parse_prefix("2001:db8::1/64")},
            {*base::parse_ip("192.0.2.10")},
            {{4000, {}}}};
}

std::string unique_name() {
    static unsigned next = 0;
    return std::string("t").append(std::to_string(next++));
}

/// Two ends on a cable, and a clock.
struct bench_link {
    std::unique_ptr<cable> wire;
    std::optional<end> a;
    std::optional<end> b;
    time_ns now = 100 * second_ns;

    explicit bench_link(std::uint16_t mtu = 1500, std::optional<std::uint16_t> vlan = {},
                        std::size_t capacity = 4096)
        : wire(must(cable::create(unique_name(), capacity))) {
        a.emplace(port_config{.name = "sky", .device = wire->device(0), .mtu = mtu}, sky(vlan));
        b.emplace(port_config{.name = "ground", .device = wire->device(1), .mtu = mtu},
                  ground(vlan));
        run(1);
    }
    void run(int milliseconds) {
        for (int i = 0; i < milliseconds; ++i) {
            now += second_ns / 1000;
            a->step(now);
            b->step(now);
        }
    }
};

octet_vector difi(std::size_t octets = payload_octets) {
    octet_vector made = frame("udp4");
    made.erase(made.begin(), made.begin() + 42);
    made.resize(octets, 0x5a);
    return made;
}

/// A capture of these frames, removed at the end.
struct capture {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() /
        std::string("landfall-").append(std::to_string(getpid())).append(unique_name());

    explicit capture(const std::vector<octet_vector>& frames) {
        std::ofstream out(path, std::ios::binary);
        const auto put = [&](std::initializer_list<std::uint32_t> words) {
            for (const std::uint32_t word : words) {
                out.write(reinterpret_cast<const char*>(&word), 4);
            }
        };
        put({0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1});
        for (const octet_vector& one : frames) {
            const auto size = static_cast<std::uint32_t>(one.size());
            put({0, 0, size, size});
            out.write(reinterpret_cast<const char*>(one.data()), size);
        }
    }
    ~capture() { std::filesystem::remove(path); }
    capture(const capture&) = delete;
    capture& operator=(const capture&) = delete;
};

} // namespace

TEST_CASE("dataplane/stack: datagrams arrive over a cable, the next hop asked for once") {
    for (const std::optional<std::uint16_t> vlan : {std::optional<std::uint16_t>{}, {100}}) {
        bench_link link(1500, vlan);
        for (const base::ip_address& to : {us4, us6}) {
            link.a->send(difi(), 4000, {to, 4991}, link.now, 3);
            link.run(5);
            REQUIRE(link.b->got.size() == 3);
            CHECK(link.b->got[0].flow == 0);
            CHECK(link.b->got[2].payload == difi());
            CHECK(link.b->got[0].source == base::udp_endpoint{to.v6 ? sky6 : sky4, 4000});
            link.b->got.clear();
        }
        CHECK(link.a->protocols.datagrams_sent() == 6);
        CHECK(link.b->protocols.datagrams_received() == 6);
        link.b->send({1, 2, 3}, 51820, {sky4, 4000}, link.now);
        link.run(5);
        REQUIRE(link.a->got.size() == 1);
        CHECK(link.a->got[0].payload == octet_vector{1, 2, 3});
    }
}

TEST_CASE("dataplane/stack: what it sends is what another implementation sends") {
    const auto wire = must(cable::create(unique_name()));
    const auto pool = make_pool();
    // A bare port at the other end; the addresses of the frames.
    const auto far = must(port::open({.name = "far", .device = wire->device(0)}, *pool));
    end near({.name = "near", .device = wire->device(1)}, ground());
    const time_ns now = 10 * second_ns;
    near.send(difi(), 4991, {peer4, 40000}, now);
    near.send(difi(), 4991, {peer6, 40000}, now);
    near.step(now);
    std::vector<octet_vector> seen;
    const auto listen = [&] {
        packet_burst burst;
        far->receive(burst);
        for (std::size_t i = 0; i < burst.size(); ++i) {
            seen.emplace_back(burst[i].data().begin(), burst[i].data().end());
        }
    };
    listen();
    for (const char* const reply : {"arp_reply", "na"}) {
        packet_burst burst;
        REQUIRE(pool->allocate(burst, 1));
        const octet_vector octets = frame(reply);
        std::copy(octets.begin(), octets.end(), burst[0].append(octets.size()).begin());
        far->transmit(burst);
        near.step(now);
    }
    seen.clear();
    listen();
    REQUIRE(seen.size() == 2);
    const octet_vector mac(near.device->mac().octet.begin(), near.device->mac().octet.end());
    for (const auto& [octets, name] :
         {std::pair(seen[0], "udp4_from_us"), std::pair(seen[1], "udp6_from_us")}) {
        octet_vector expected = frame(name);
        std::copy(mac.begin(), mac.end(), expected.begin() + 6);
        CHECK(octets == expected);
    }
    // A checksum that comes out as 0 is sent as ffff (RFC 768): two octets more make it so.
    octet_vector payload = difi();
    payload.resize(payload.size() + 2);
    for (const std::uint16_t sum : {std::uint16_t{0}, std::uint16_t{0xffff}}) {
        near.send(payload, 4991, {peer6, 40000}, now);
        seen.clear();
        listen();
        REQUIRE(seen.size() == 1);
        const std::uint16_t sent = load_u16(seen[0], 60);
        CHECK((sum == 0 || sent == sum));
        store_u16(payload, payload.size() - 2, sent);
    }
}

TEST_CASE("dataplane/stack: jumbo datagrams fit their port, and no more than that") {
    bench_link link(9000);
    const std::size_t most = link.a->protocols.max_payload(us4);
    CHECK(most == 8972);
    link.a->send(difi(most), 4000, {us4, 4991}, link.now);
    link.a->send(difi(most + 1), 4000, {us4, 4991}, link.now);
    link.run(5);
    REQUIRE(link.b->got.size() == 1);
    CHECK(link.b->got[0].payload == difi(most));
    CHECK(link.a->protocols.dropped(tx_drop::too_big) == 1);
}

TEST_CASE("dataplane/stack: few packets wait for a next hop, and none for ever") {
    bench_link link;
    link.a->send(difi(), 4000, {us4, 4991}, link.now, 20);
    CHECK(link.a->protocols.dropped(tx_drop::waiting_full) == 20 - max_waiting);
    link.run(5);
    CHECK(link.b->got.size() == max_waiting);
    const base::udp_endpoint nobody{*base::parse_ip("192.0.2.200"), 4991};
    link.a->send(difi(), 4000, nobody, link.now, 3);
    link.run(3500);
    CHECK(link.a->protocols.dropped(tx_drop::no_neighbour) == 3);
    link.a->send(difi(), 4000, nobody, link.now);
    CHECK(link.a->protocols.dropped(tx_drop::no_neighbour) == 4);
    link.b->send(difi(), 4000, {*base::parse_ip("8.8.8.8"), 53}, link.now);
    CHECK(link.b->protocols.dropped(tx_drop::no_route) == 1);
    // By the gateway, which is the other end; nobody there takes it.
    link.a->send(difi(), 4000, {*base::parse_ip("8.8.8.8"), 53}, link.now);
    link.run(5);
    CHECK(link.b->protocols.dropped(rx_drop::ip_not_for_us) >= 1);
    CHECK(link.a->pool->available() + link.b->pool->available() ==
          link.a->pool->capacity() + link.b->pool->capacity());
}

TEST_CASE("dataplane/stack: neighbours beyond the table are counted") {
    bench_link link;
    for (std::uint8_t i = 100; i < 100 + max_neighbours + 5; ++i) {
        base::ip_address to = us4;
        to.octet[3] = i;
        link.a->send(difi(), 4000, {to, 1}, link.now);
    }
    // One place is the gateway's.
    CHECK(link.a->protocols.dropped(tx_drop::neighbours_full) == 6);
    CHECK(link.b->protocols.dropped(rx_drop::own_address) == 0);
}

TEST_CASE("dataplane/stack: next hops outlive hours of traffic, and one who goes is noticed") {
    bench_link link;
    for (int i = 0; i < 7200; ++i) {
        link.a->send(difi(), 4000, {us4, 4991}, link.now);
        link.now += second_ns / 2;
        link.run(2);
    }
    CHECK(link.b->got.size() == 7200);
    CHECK(link.a->protocols.neighbours_reachable() == 1);
    const auto silent = link.a->protocols.neighbours_unresolved(); // its gateway
    for (int i = 0; i < 120; ++i) {                                // nobody polls the other end
        link.a->send(difi(), 4000, {us4, 4991}, link.now);
        link.now += second_ns;
        link.a->step(link.now);
    }
    CHECK(link.a->protocols.dropped(tx_drop::no_neighbour) > 30);
    CHECK(link.a->protocols.neighbours_reachable() == 0);
    CHECK(link.a->protocols.neighbours_unresolved() == silent + 1);
    link.run(10'000);
    link.b->got.clear();
    link.a->send(difi(), 4000, {us4, 4991}, link.now);
    link.run(5);
    CHECK(link.b->got.size() == 1);
}

TEST_CASE("dataplane/port: a full port drops and counts") {
    bench_link link(1500, {}, 64);
    link.a->send(difi(), 4000, {us4, 4991}, link.now);
    link.run(5);
    link.a->send(difi(), 4000, {us4, 4991}, link.now, 100);
    CHECK(link.a->protocols.dropped(tx_drop::port_full) == 36);
    link.b->got.clear();
    link.run(5);
    CHECK(link.b->got.size() == 64);
    CHECK(link.a->device->statistics().tx_packets >= 65);
    CHECK(link.b->device->statistics().rx_packets >= 65);
}

TEST_CASE("dataplane/port: a link that goes and comes back is survived") {
    bench_link link;
    CHECK(link.a->device->link() == link_state::up);
    CHECK(link.a->device->link_ups() == 1);
    link.a->send(difi(), 4000, {us4, 4991}, link.now);
    link.run(5);
    link.wire->set_link(0, false);
    CHECK(link.a->device->poll_link() == link_state::down);
    CHECK(link.a->device->link_downs() == 1);
    link.a->send(difi(), 4000, {us4, 4991}, link.now, 2);
    CHECK(link.a->protocols.dropped(tx_drop::link_down) == 2);
    link.run(5);
    link.wire->set_link(0, true);
    CHECK(link.a->device->poll_link() == link_state::up);
    CHECK(link.a->device->link_ups() == 2);
    link.b->got.clear();
    link.a->send(difi(), 4000, {us4, 4991}, link.now, 2);
    link.run(5);
    CHECK(link.b->got.size() == 2);
}

TEST_CASE("dataplane/port: a capture is received, sorted, and counted") {
    octet_vector stray = frame("udp4");
    stray[42 + 7] = 0x99;
    octet_vector tunnel = frame("udp4");
    tunnel[36] = 0xca;
    tunnel[37] = 0x6c;
    const capture file({frame("udp4"), frame("udp6"), stray, tunnel, frame("tcp4"), frame("udp4")});
    end in({.name = "pass", .device = "net_pcap,rx_pcap=" + file.path.string()}, ground());
    for (int i = 0; i < 10; ++i) {
        in.step(i);
    }
    REQUIRE(in.got.size() == 4);
    CHECK(in.got[0].flow == 0);
    CHECK(in.got[1].flow == 0);
    CHECK(in.got[2].flow == 0);
    CHECK(in.got[3].flow == 2);
    CHECK(in.protocols.dropped(rx_drop::unknown_stream) == 1);
    CHECK(in.protocols.dropped(rx_drop::ip_other_transport) == 1);
    CHECK(in.device->statistics().rx_packets == 6);
    CHECK(in.pool->available() == in.pool->capacity());
}

TEST_CASE("dataplane/port: a second queue's downlinks go to their sinks, all else to the first's "
          "lcore") {
    octet_vector stray = frame("udp4");
    stray[42 + 7] = 0x99;
    octet_vector tunnel = frame("udp4");
    tunnel[36] = 0xca;
    tunnel[37] = 0x6c;
    const capture first({frame("udp4"), tunnel});
    const capture second({frame("udp6"), stray, tunnel, frame("tcp4"), frame("arp_for_other"),
                          frame("udp4"), octet_vector(4000, 2)});
    stack_config config = ground();
    config.flows[2].first_queue_only = true;
    end in(
        {.name = "pass",
         .device = "net_pcap,rx_pcap=" + first.path.string() + ",rx_pcap=" + second.path.string(),
         .rx_queues = 3},
        config);
    REQUIRE(in.device->queues() == 2); // as many as the device has
    const auto downlink = must(packet_ring::create("downlink", 64, producers::several));
    const auto others = must(packet_ring::create("others", 64, producers::several));
    queue_loop queue({.device = in.device.get(),
                      .number = 1,
                      .protocols = &in.protocols,
                      .sinks = {into_ring(*downlink), into_ring(*downlink), {}},
                      .others = others.get()});
    CHECK(queue.step(1) >= 6);
    CHECK(queue.step(2) == 0);
    CHECK(queue.datagrams_received() == 2);
    packet_burst got;
    REQUIRE(downlink->dequeue(got) == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto data = got[i].data();
        CHECK(octet_vector(data.begin(), data.end()) == difi());
        CHECK(got[i].source() ==
              base::udp_endpoint{i == 0 ? peer6 : peer4, load_u16(frame("udp4"), 34)});
    }
    CHECK(others->used() >= 4);
    CHECK(in.protocols.datagrams_received() == 0);
    CHECK(in.protocols.dropped(rx_drop::unknown_stream) == 0); // nothing is looked at twice
    io_port own{in.device.get(), &in.protocols, {}, others.get()};
    std::size_t flow_2 = 0;
    own.sinks.assign(3, {[](void* count, packet_burst& burst, time_ns) noexcept {
                             *static_cast<std::size_t*>(count) += burst.size();
                         },
                         &flow_2});
    own.sinks[0] = own.sinks[1] = into_ring(*downlink);
    io_loop loop({own});
    for (int i = 0; i < 4; ++i) {
        loop.step(i);
    }
    CHECK(flow_2 == 2); // the tunnel's, of either queue
    CHECK(downlink->used() == 1);
    CHECK(in.protocols.datagrams_received() == 3);
    CHECK(in.protocols.dropped(rx_drop::unknown_stream) == 1);
    CHECK(in.protocols.dropped(rx_drop::ip_other_transport) == 1);
    CHECK(in.protocols.dropped(rx_drop::arp_not_for_us) == 1);
    CHECK(others->used() == 0);
    CHECK(in.device->statistics().rx_packets >= 8);
}

TEST_CASE("dataplane/port: two lcores read two queues into one ring, every packet accounted for") {
    const capture file({frame("udp4"), frame("udp6"), frame("tcp4")});
    const std::string path = file.path.string();
    const auto pool = make_pool(1500, 4095);
    const auto device = must(
        port::open({.name = "pass",
                    .device = "net_pcap,rx_pcap=" + path + ",rx_pcap=" + path + ",infinite_rx=1",
                    .rx_queues = 2},
                   *pool));
    REQUIRE(device->queues() == 2);
    stack protocols(ground(), *device, *pool);
    const auto downlink = must(packet_ring::create("downlink", 256, producers::several));
    const auto others = must(packet_ring::create("others", 256, producers::several));
    const std::vector<flow_sink> sinks(3, into_ring(*downlink));
    queue_loop queue({device.get(), 1, &protocols, sinks, others.get()});
    io_loop own({{device.get(), &protocols, sinks, others.get()}});
    std::uint64_t taken = 0;
    {
        lcore_loop one(the_eal().io()[0], own.as_step(), idle_mode::backoff);
        lcore_loop two(the_eal().modem()[0], queue.as_step(), idle_mode::backoff);
        REQUIRE(one.launch());
        REQUIRE(two.launch());
        for (int i = 0; i < 20'000 && (taken < 10'000 || queue.datagrams_received() < 1000 ||
                                       protocols.datagrams_received() < 1000);
             ++i) {
            packet_burst burst;
            taken += downlink->dequeue(burst);
            std::this_thread::sleep_for(std::chrono::microseconds(burst.empty() ? 500 : 0));
        }
    }
    taken += downlink->used();
    CHECK(queue.datagrams_received() >= 1000);
    CHECK(protocols.datagrams_received() >= 1000);
    CHECK(taken + downlink->dropped() ==
          queue.datagrams_received() + protocols.datagrams_received());
    CHECK(protocols.dropped(rx_drop::ip_other_transport) > 0);
}

TEST_CASE("dataplane/port: a capture can be received for ever, jumbo frames too") {
    octet_vector jumbo(9014, 0x11);
    const octet_vector head = frame("udp4");
    std::copy_n(head.begin(), 42, jumbo.begin());
    std::copy_n(head.begin() + 42, 16, jumbo.begin() + 42);
    base::write_ip({.source = peer4, .destination = us4, .protocol = 17, .total = 9000},
                   std::span(jumbo).subspan(14));
    store_u16(jumbo, 38, 8980);
    const capture file({jumbo});
    end in({.name = "pass",
            .device = "net_pcap,rx_pcap=" + file.path.string() + ",infinite_rx=1",
            .mtu = 9000},
           ground());
    for (int i = 0; i < 100; ++i) {
        in.step(i);
    }
    CHECK(in.got.size() == 100 * burst_packets);
    CHECK(in.got.back().payload.size() == 8972);
}

TEST_CASE("dataplane/port: a frame larger than the pool's buffers is dropped") {
    const capture file({octet_vector(4000, 2), frame("udp4")});
    end in({.name = "pass", .device = "net_pcap,rx_pcap=" + file.path.string()}, ground());
    for (int i = 0; i < 10; ++i) {
        in.step(i);
    }
    CHECK(in.got.size() == 1);
    CHECK(in.protocols.dropped(rx_drop::frame_too_long) + in.device->statistics().rx_errors == 1);
}

TEST_CASE("dataplane/port: what cannot be opened is named, with the reason") {
    const auto pool = make_pool();
    const auto fails = [&](const std::string& device, int code, const std::string& why,
                           std::uint16_t mtu = 1500) {
        const auto made = port::open({.name = "rf", .device = device, .mtu = mtu}, *pool);
        REQUIRE_FALSE(made);
        const std::string& message = made.error().message;
        CAPTURE(message);
        CHECK(made.error().code == code);
        CHECK(message.starts_with(std::string("port rf (").append(device).append("): ")));
        CHECK(message.find(why) != std::string::npos);
    };
    fails("eth0", base::exit_code::bad_configuration, "neither a PCI address");
    fails("net_nonesuch", base::exit_code::bad_configuration, "no driver 'net_nonesuch'");
    fails("net_pcap,rx_pcap=/nonexistent.pcap", base::exit_code::failed, "/nonexistent.pcap");
    fails("0000:ff:1f.7", base::exit_code::try_again, "opened");
    fails("net_null,no-such=1", base::exit_code::bad_configuration, "no argument 'no-such'");
    fails("net_ring", base::exit_code::bad_configuration, "9472", 9000);
    fails("net_ring", base::exit_code::bad_configuration, "MTU", 10);
    fails("net_ring", base::exit_code::bad_configuration, "MTU", base::port_mtu_max + 1);
    if (effective_capabilities() == 0) {
        fails("net_af_packet,iface=lo", base::exit_code::no_permission, "CAP_NET_RAW");
    } else {
        fails("net_af_packet,iface=nonesuch", base::exit_code::try_again,
              "no interface 'nonesuch'");
    }
}

TEST_CASE("dataplane/port: any virtual device of the manual opens") {
    const auto pool = make_pool();
    for (const char* const device : {"net_ring", "net_null", "net_memif,role=server"}) {
        CAPTURE(device);
        const auto made = port::open({.name = "x", .device = device}, *pool);
        if (!made) {
            MESSAGE(made.error().message);
        }
        REQUIRE(made);
        CHECK_FALSE((*made)->mac().group());
        CHECK_FALSE((*made)->mac().zero());
    }
}
