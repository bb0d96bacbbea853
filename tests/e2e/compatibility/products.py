"""The `products` subgraph that Apollo's compatibility suite asks, as a schema for the product's endpoint."""

from typing import Any

import strawberry
from strawberry import ID
from strawberry.schema_directive import Location

from graph.execution.executor import CompiledExecutor
from graph.federation import EntitySchema, describe_machinery, print_once

_YEARS = 10


@strawberry.federation.schema_directive(
    locations=[Location.OBJECT],
    name="custom",
    compose=True,
    import_url="https://myspecs.dev/myCustomDirective/v1.0",
)
class Custom: ...


@strawberry.federation.type(keys=["email"], extend=True)
class User:
    email: ID = strawberry.federation.field(external=True)
    name: str | None = strawberry.federation.field(override="users")
    total_products_created: int | None = strawberry.federation.field(external=True)
    years_of_employment: int = strawberry.federation.field(external=True)

    def _average(self) -> int | None:
        created = self.total_products_created
        return None if created is None else round(created / self.years_of_employment)

    average_products_created_per_year: int | None = strawberry.federation.field(
        resolver=_average, requires=["totalProductsCreated", "yearsOfEmployment"]
    )

    @classmethod
    def resolve_reference(
        cls, email: ID, totalProductsCreated: int | None = None, yearsOfEmployment: int = _YEARS
    ) -> "User | None":
        if email != JANE.email:
            return None
        return User(
            email=email,
            name=JANE.name,
            total_products_created=totalProductsCreated,
            years_of_employment=yearsOfEmployment,
        )


@strawberry.federation.type(keys=["sku package"])
class DeprecatedProduct:
    sku: str
    package: str
    reason: str | None
    created_by: User | None

    @classmethod
    def resolve_reference(cls, sku: str, package: str) -> "DeprecatedProduct | None":
        return next((each for each in DEPRECATED if (each.sku, each.package) == (sku, package)), None)


@strawberry.type
class ProductVariation:
    id: ID


@strawberry.type
class CaseStudy:
    case_number: ID
    description: str | None


@strawberry.federation.type(keys=["study { caseNumber }"])
class ProductResearch:
    study: CaseStudy
    outcome: str | None = None

    @classmethod
    def resolve_reference(cls, study: dict[str, ID]) -> "ProductResearch | None":
        return next((each for each in RESEARCH if each.study.case_number == study["caseNumber"]), None)


@strawberry.federation.type(shareable=True)
class ProductDimension:
    size: str | None
    weight: float | None
    unit: str | None = strawberry.federation.field(inaccessible=True)


@strawberry.federation.type(
    keys=["id", "sku package", "sku variation { id }"],
    directives=[Custom()],
)
class Product:
    id: ID
    sku: str | None
    package: str | None
    variation: ProductVariation | None
    dimensions: ProductDimension | None
    created_by: User | None = strawberry.federation.field(provides=["totalProductsCreated"])
    notes: str | None = strawberry.federation.field(tags=["internal"])
    research: list[ProductResearch]

    @classmethod
    def resolve_reference(cls, **key: Any) -> "Product | None":
        return next((each for each in PRODUCTS if key in _keys_of(each)), None)


@strawberry.federation.interface_object(keys=["id"])
class Inventory:
    id: ID
    deprecated_products: list[DeprecatedProduct]

    @classmethod
    def resolve_reference(cls, id: ID) -> "Inventory | None":
        return Inventory(id=id, deprecated_products=DEPRECATED) if id == "apollo-oss" else None


@strawberry.type
class Query:
    @strawberry.field
    def product(self, id: ID) -> Product | None:
        return Product.resolve_reference(id=id)

    deprecated_product: DeprecatedProduct | None = strawberry.field(
        resolver=DeprecatedProduct.resolve_reference, deprecation_reason="Use product query instead"
    )


def _keys_of(product: Product) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = [{"id": product.id}, {"sku": product.sku, "package": product.package}]
    if product.variation:
        keys.append({"sku": product.sku, "variation": {"id": product.variation.id}})
    return keys


JANE = User(
    email=ID("support@apollographql.com"),
    name="Jane Smith",
    total_products_created=1337,
    years_of_employment=_YEARS,
)
DEPRECATED = [
    DeprecatedProduct(
        sku="apollo-federation-v1",
        package="@apollo/federation-v1",
        reason="Migrate to Federation V2",
        created_by=JANE,
    )
]
RESEARCH = [
    ProductResearch(study=CaseStudy(case_number=ID("1234"), description="Federation Study")),
    ProductResearch(study=CaseStudy(case_number=ID("1235"), description="Studio Study")),
]
PRODUCTS = [
    Product(
        id=ID(f"apollo-{sku}"),
        sku=sku,
        package=package,
        variation=ProductVariation(id=ID(variation)),
        dimensions=ProductDimension(size="small", weight=1, unit="kg"),
        created_by=JANE,
        notes=None,
        research=[research],
    )
    for sku, package, variation, research in (
        ("federation", "@apollo/federation", "OSS", RESEARCH[0]),
        ("studio", "", "platform", RESEARCH[1]),
    )
]

schema = EntitySchema(
    query=Query, types=[Inventory], execution_context_class=CompiledExecutor, federation_version="2.3"
)
describe_machinery(schema)
print_once(schema)
