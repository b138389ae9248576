"""What a load takes and costs: python scale.py FLOWERS_A_SECOND [FLOWERS_A_REQUEST]"""

import sys
from fractions import Fraction

import numpy as np

from examples.capacity.plan import Latency, plan, read_toml
from examples.capacity.service import Service

flowers = float(Fraction(sys.argv[1]))  # 1/3600 is one an hour
rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1

service = Service.read().of_rows(rows)
latency = Latency.simulated(service, np.random.default_rng(1))
prices, assumed = read_toml("prices.toml"), read_toml("fleet.toml")
needs = plan(flowers / rows, service, latency, prices, assumed, rows)
share = needs.load / needs.replicas / service.capacity

print(f"requests a month         {needs.load * 730 * 3600:,.0f}")
print(f"replicas                 {needs.replicas}, one of them to spare")
print(f"asked of each            {share:.1%} of its capacity")
print(f"its core is in use for   {service.in_use(share):.1%} of the time")
print(f"p99, simulated           {needs.p99_ms:.1f} ms")
print(f"memory of all            {needs.memory_bytes / 1e6:,.0f} MB")
print(f"instances on Cloud Run   {needs.instances}")
print("dollars a month")
print(f"  virtual machines       {needs.machines:,.0f}")
print(f"  a balancer for them    {needs.balancer:,.0f}")
print(f"  Cloud Run by instance  {needs.by_instance:,.0f}")
print(f"  Cloud Run by request   {needs.by_request:,.0f}")
