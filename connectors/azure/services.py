"""Azure's services in FOCUS's categories, by the meter category of a bill: a table of facts.

A meter category is the name of the service. Models have two names of their own, so that the API of a model and a
machine never share one.
"""

from __future__ import annotations

OPENAI = "Azure OpenAI"
MODELS = "Foundry Models"
UNNAMED = "Microsoft Azure"
"""The service of charges that name none: tax, rounding, credits."""

_OTHER = ("Other", "Other (Other)")

_CATEGORIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("AI and Machine Learning", "Generative AI"): (OPENAI, MODELS),
    ("AI and Machine Learning", "AI Platforms"): (
        *("Cognitive Services", "Azure AI Services", "Foundry Tools", "Azure Applied AI Services"),
        *("Azure AI Foundry", "Microsoft Syntex", "Intelligent Recommendations"),
    ),
    ("AI and Machine Learning", "Machine Learning"): ("Azure Machine Learning", "Machine Learning Studio"),
    ("AI and Machine Learning", "Bots"): ("Azure Bot Service", "Health Bot"),
    ("Analytics", "Analytics Platforms"): (
        *("Azure Synapse Analytics", "Microsoft Fabric", "Azure Data Explorer", "Power BI"),
    ),
    ("Analytics", "Business Intelligence"): ("Power BI Embedded", "Azure Managed Grafana"),
    ("Analytics", "Data Processing"): (
        *("Azure Databricks", "HDInsight", "Azure Analysis Services", "Data Lake Analytics"),
    ),
    ("Analytics", "Search"): ("Azure AI Search", "Azure Cognitive Search", "Bing Search"),
    ("Analytics", "Streaming Analytics"): ("Stream Analytics",),
    ("Compute", "Containers"): (
        *("Azure Kubernetes Service", "Container Instances", "Container Registry", "Azure Container Apps"),
        "Azure Red Hat OpenShift",
    ),
    ("Compute", "End User Computing"): ("Azure Virtual Desktop", "Azure Lab Services", "Windows 365"),
    ("Compute", "Serverless Compute"): ("Functions", "Cloud Services", "Batch", "Azure Batch"),
    ("Compute", "Other (Compute)"): ("Savings Plans", "Azure Savings Plan for Compute"),
    ("Compute", "Virtual Machines"): (
        *("Virtual Machines", "Virtual Machines Licenses", "Azure Dedicated Host", "Azure VMware Solution"),
        "Virtual Machine Scale Sets",
    ),
    ("Databases", "Caching"): ("Redis Cache", "Azure Cache for Redis", "Azure Managed Redis"),
    ("Databases", "NoSQL Databases"): ("Azure Cosmos DB",),
    ("Databases", "Relational Databases"): (
        *("SQL Database", "SQL Managed Instance", "Azure Database for MySQL", "Azure Database for PostgreSQL"),
        *("Azure Database for MariaDB", "SQL Server", "SQL Server Stretch Database"),
    ),
    ("Databases", "Data Warehouses"): ("SQL Data Warehouse",),
    ("Developer Tools", "Developer Platforms"): ("Azure DevOps", "Visual Studio", "GitHub", "Microsoft Dev Box"),
    ("Developer Tools", "Quality Assurance"): ("Azure Load Testing", "Playwright Testing"),
    ("Identity", "Identity and Access Management"): (
        *("Azure Active Directory", "Microsoft Entra ID", "Azure Active Directory Domain Services"),
        *("Azure Active Directory B2C", "Azure Active Directory for External Identities"),
    ),
    ("Integration", "API Management"): ("API Management",),
    ("Integration", "Messaging"): (
        *("Service Bus", "Event Hubs", "Event Grid", "Notification Hubs", "Azure Communication Services"),
    ),
    ("Integration", "Workflow Orchestration"): (
        *("Logic Apps", "Azure Data Factory", "Azure Data Factory v2", "Automation"),
    ),
    ("Internet of Things", "IoT Platforms"): ("IoT Hub", "IoT Central"),
    ("Management and Governance", "Observability"): (
        *("Azure Monitor", "Log Analytics", "Application Insights", "Insight and Analytics"),
    ),
    ("Management and Governance", "Disaster Recovery"): ("Azure Site Recovery",),
    ("Management and Governance", "Data Governance"): ("Microsoft Purview", "Azure Purview"),
    ("Management and Governance", "Support"): ("Azure Support", "Support"),
    ("Networking", "Application Networking"): ("Load Balancer", "Application Gateway", "Traffic Manager"),
    ("Networking", "Content Delivery"): ("Content Delivery Network", "Azure Front Door Service", "Azure Front Door"),
    ("Networking", "Network Connectivity"): (
        *("VPN Gateway", "Bandwidth", "ExpressRoute", "Virtual WAN", "NAT Gateway", "Virtual Network Private Link"),
    ),
    ("Networking", "Network Infrastructure"): ("Virtual Network", "Network Watcher"),
    ("Networking", "Network Routing"): ("Azure DNS",),
    ("Networking", "Network Security"): ("Azure Firewall", "Azure Bastion", "Azure DDOS Protection"),
    ("Security", "Secret Management"): ("Key Vault", "Azure Dedicated HSM"),
    ("Security", "Security Posture Management"): (
        *("Microsoft Defender for Cloud", "Security Center", "Advanced Data Security"),
    ),
    ("Security", "Threat Detection and Response"): (*("Sentinel", "Microsoft Sentinel", "Advanced Threat Protection"),),
    ("Storage", "Storage Platforms"): ("Storage", "Storage Accounts"),
    ("Storage", "Backup Storage"): ("Backup",),
    ("Storage", "File Storage"): ("Azure NetApp Files",),
    ("Web", "Application Platforms"): ("Azure App Service", "Azure Spring Apps"),
    ("Web", "Other (Web)"): ("SignalR", "Azure SignalR Service", "Web PubSub", "Azure Maps"),
}

_BY_NAME = {name.casefold(): (name, *where) for where, names in _CATEGORIES.items() for name in names}


def service_of(meter_category: str | None) -> tuple[str, str, str]:
    """ServiceName, ServiceCategory and ServiceSubcategory; a service that is not listed keeps its name, under Other."""
    name = (meter_category or "").strip()
    if not name:
        return (UNNAMED, *_OTHER)
    return _BY_NAME.get(name.casefold(), (name, *_OTHER))


def is_listed(meter_category: str | None) -> bool:
    """Whether the table knows the service."""
    return (meter_category or "").strip().casefold() in {"", *_BY_NAME}
