// SPDX-License-Identifier: MIT
#include "dataplane/cpu_plan.h"
#include "dataplane/device.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

using list = std::vector<unsigned>;

cpu_plan planned(const list& io, const list& modem, const list& allowed) {
    return plan_cpus({io, modem}, allowed).value();
}

} // namespace

TEST_CASE("dataplane/cpu_plan: processors are shared out by how many there are") {
    const auto is = [](const cpu_plan& plan, const list& io, const list& modem) {
        return plan.io == io && plan.modem == modem;
    };
    CHECK(is(planned({}, {}, {5}), {5}, {5}));
    CHECK(is(planned({}, {}, {0, 1}), {0}, {1}));
    CHECK(is(planned({}, {}, {2, 3, 6}), {2}, {3, 6}));
    CHECK(is(planned({}, {}, {0, 1, 2, 3}), {1}, {2, 3}));
    CHECK(is(planned({3}, {}, {0, 1, 2, 3}), {3}, {1, 2}));
    CHECK(is(planned({}, {2, 3}, {0, 1, 2, 3}), {1}, {2, 3}));
    CHECK(is(planned({}, {0, 1}, {0, 1}), {0}, {0, 1}));
    CHECK(is(planned({0, 1}, {}, {0, 1}), {0, 1}, {0}));
    CHECK(is(planned({1}, {1}, {0, 1}), {1}, {1}));
}

TEST_CASE("dataplane/cpu_plan: processors that are not there are all named") {
    const auto plan = plan_cpus({{7, 1, 1}, {9}}, list{0, 1});
    REQUIRE_FALSE(plan);
    CHECK(plan.error().code == base::exit_code::bad_configuration);
    CHECK(plan.error().message == "io CPU 7 does not exist or is not allowed here; io CPU 1 is "
                                  "named twice; modem CPU 9 does not exist or is not allowed here");
    CHECK_FALSE(plan_cpus({}, {}));
    const list here = allowed_cpus();
    CHECK_FALSE(here.empty());
    CHECK(std::is_sorted(here.begin(), here.end()));
}

TEST_CASE("dataplane/device: strings mean what the manual says") {
    const auto pci = parse_device("3b:00.1", 1500, 4);
    REQUIRE(pci);
    CHECK(pci->name == "0000:3b:00.1");
    CHECK(pci->driver.empty());
    const auto pcap = parse_device("net_pcap,rx_pcap=a.pcap,infinite_rx=1", 1500, 4);
    REQUIRE(pcap);
    CHECK(pcap->name == "net_pcap4");
    CHECK(pcap->driver == "net_pcap");
    CHECK(pcap->arguments == "rx_pcap=a.pcap,infinite_rx=1");
    CHECK(parse_device("net_pcap7,rx_pcap=a", 1500, 4)->name == "net_pcap7");
    CHECK(parse_device("net_ring", 1500, 0)->arguments.empty());
    CHECK(parse_device("net_af_xdp,iface=rf0", 1500, 0)->interface == "rf0");
    CHECK(parse_device("net_af_xdp,iface=rf0", 1500, 0)->arguments == "iface=rf0");
    for (const char* const wrong :
         {"", "eth0", "0000:3b:00", "net_af_packet", "net_af_xdp,ifac=x"}) {
        CAPTURE(wrong);
        const auto parsed = parse_device(wrong, 1500, 0);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == base::exit_code::bad_configuration);
        CHECK(parsed.error().message.find(wrong) != std::string::npos);
    }
}

TEST_CASE("dataplane/device: drivers and arguments that DPDK does not know are found") {
    const auto unknown = [](const char* device) {
        const auto found = find_unknown(parse_device(device, 1500, 0).value());
        return found ? std::string(found->what) + " " + found->word : std::string{};
    };
    for (const char* const good :
         {"0000:3b:00.0,any=1", "net_af_packet3,iface=a", "net_pcap_rx,rx_pcap=a,infinite_rx=1",
          "net_ring", "net_tap0,iface=x,mac=fixed", "net_memif,id=0,role=server,zero-copy=yes",
          "net_failsafe0,dev(net_null0),hotplug_poll=1"}) {
        CAPTURE(good);
        CHECK(unknown(good).empty());
    }
    CHECK(unknown("net_af_paket0,iface=a") == "driver net_af_paket");
    CHECK(unknown("net_e1000") == "driver net_e");
    CHECK(unknown("net_af_packet,iface=a,framesize=2048") == "argument framesize");
    CHECK(unknown("net_pcap,rx_pcap=a,infinite=1") == "argument infinite");
    CHECK(unknown("net_null0,,size=64") == "argument ");
    CHECK(
        find_unknown(parse_device("net_af_xdp,iface=a,queues=1", 1500, 0).value())->known.size() ==
        7);
}

TEST_CASE("dataplane/device: a packet socket's rings hold the MTU, unless they are given") {
    CHECK(parse_device("net_af_packet,iface=a", 1500, 0)->arguments ==
          "iface=a,framesz=2048,blocksz=32768,framecnt=2048,qdisc_bypass=1");
    CHECK(parse_device("net_af_packet,iface=a", 9000, 0)->arguments ==
          "iface=a,framesz=9472,blocksz=151552,framecnt=2048,qdisc_bypass=1");
    CHECK(parse_device("net_af_packet,framesz=4096,iface=a,qdisc_bypass=0", 9000, 0)->arguments ==
          "framesz=4096,iface=a,qdisc_bypass=0");
    CHECK(rx_data_octets(1500) == 2048);
    CHECK(rx_data_octets(9000) == 9472);
}

TEST_CASE("dataplane/device: receive queues are told by the arguments, where they can be") {
    const auto queues = [](std::string_view device) {
        return rx_queues_of(parse_device(device, 1500, 0).value());
    };
    CHECK(queues("net_af_packet,iface=a") == 1U);
    CHECK(queues("net_af_packet,iface=a,qpairs=4") == 4U);
    CHECK(queues("net_af_packet,iface=a,qpairs=0") == 1U); // which the driver refuses
    CHECK(queues("net_af_xdp,iface=a,queue_count=2") == 2U);
    CHECK_FALSE(queues("net_tap,iface=a"));
    CHECK_FALSE(queues("3b:00.1"));
}

TEST_CASE("dataplane/device: what permission is missing is named") {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    constexpr std::uint64_t raw = 1U << 13U;
    CHECK(missing_capabilities("net_af_packet", "", all).empty());
    CHECK(missing_capabilities("net_af_packet", "", raw) == "CAP_NET_ADMIN");
    CHECK(missing_capabilities("net_af_packet", "", 0) == "CAP_NET_RAW and CAP_NET_ADMIN");
    CHECK(missing_capabilities("net_af_xdp", "", raw) == "CAP_NET_ADMIN and CAP_SYS_ADMIN");
    CHECK(missing_capabilities("net_pcap", "rx_pcap=a", 0).empty());
    CHECK(missing_capabilities("net_pcap", "iface=a", 0) == "CAP_NET_RAW");
    CHECK(missing_capabilities("net_ring", "", 0).empty());
}
